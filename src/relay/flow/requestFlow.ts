import type { Duplex } from 'node:stream';
import type { Compression } from '../../protocol/compression.js';
import { intentOf } from '../../conversation/intentOf.js';
import type { RefusedCommand } from '../../conversation/commandGate.js';
import type { Conversation } from '../../conversation/conversation.js';
import type { FrameNumbers } from '../../protocol/frameNumbers.js';
import type { Containment } from '../containment.js';
import type { Direction, Settled } from './direction.js';
import { Flow } from './flow.js';
import type { Diverted } from './framedInlet.js';
import { SINK_ROOM } from './room.js';

/** The direction from the client to the server: the client's answer to the greeting, then its commands. */
export class RequestFlow implements Direction {
  readonly flow: Flow;
  readonly maxWaitingBytes = MAX_WAITING_BYTES;
  /** The scanned bytes are those of a refused command. */
  private isSwallowing = false;

  constructor(
    client: Duplex,
    upstream: Duplex,
    private readonly conversation: Conversation,
    private readonly decisions: RequestDecisions,
    private readonly waiting: WaitingWatch,
  ) {
    this.flow = new Flow(client, upstream, conversation.client, this, SINK_ROOM, decisions);
  }

  /** Sends a command that the client did not send. All commands before it must be answered. */
  command(packet: Buffer): void {
    this.flow.sink.write(this.wrapCommand(packet));
  }

  /** Returns a packet that begins a command, in the form in which it can go to the server now. */
  wrapCommand(packet: Buffer): Buffer {
    return this.flow.outlet.wrapCommand(packet);
  }

  /** The client has left. Its last bytes go to the server, and then its end (FIN). */
  endBehindUndecided(): void {
    this.flow.endSource();
    this.flow.unblock();
  }

  /** From now on, the client sends frames. Bytes that it sent before it was let in cannot be followed. */
  beginFrames(compression: Compression, numbers: FrameNumbers): void {
    const { flow, conversation } = this;
    if (flow.isBlocked || flow.waitsForTurn || !conversation.client.isBetweenPackets) {
      const offsetBytes = flow.sink.writtenBytes;
      conversation.giveUpFrames('client', 'more than an answer before being let in', flow.undecided.bytes, offsetBytes);
      flow.flushUndecided();
    }
    flow.beginFrames({
      peer: 'client', compression, numbers, conversation,
      // In an upload, the client continues the count of the frames that it received. Otherwise its own count applies.
      place: () => (conversation.isUploading ? 'next' : 'command'),
    });
  }

  scanBegins(): void {
    this.isSwallowing = this.conversation.client.isSwallowing;
  }

  deliver(bytes: Buffer): void {
    if (this.isSwallowing) this.flow.outlet.drop(bytes);
    else this.flow.outlet.forward(bytes);
  }

  settle(): Settled {
    const { client, commands } = this.conversation;
    switch (client.stopReason) {
      case 'none':
        return 'exhausted';
      case 'waiting':
        return 'blocked';
      case 'userChange':
        if (commands.length > 0) return 'blocked';
        this.decisions.userChangeBegun(this.flow.divert());
        return 'exhausted';
      case 'refused':
        client.swallow();
        return 'onward';
      case 'swallowed':
        this.decisions.commandRefused(client.takeRefused());
        return 'onward';
    }
  }

  /** Looks at commands that wait for the discarding of a response. A client that is leaving is read on. */
  mayPause(): boolean {
    const intent = this.conversation.client.isGated ? intentOf(this.flow.undecided.bytes) : 'none';
    if (intent === 'quit') this.decisions.left();
    if (intent === 'command') this.waiting.commandWaits();
    return intent !== 'quit';
  }

  caughtUp(): void {}

  roomChanged(): void {}

  sourceEnded(): void {
    if (this.conversation.client.isGated) this.decisions.left();
    else this.flow.endSource();
  }

  mayWriteRest(): boolean {
    return true;
  }
}

/** While commands wait, the client is read up to this many bytes. That is enough to see a COM_QUIT. */
const MAX_WAITING_BYTES = 64 * 1024;

/** The session's decisions for the flow of requests. */
export interface RequestDecisions extends Containment {
  /** The client has left while Sluice discards the rest of a response that the client no longer gets. */
  left(): void;
  /** A COM_CHANGE_USER has begun that Sluice has to bridge. All commands before it are answered. */
  userChangeBegun(begun: Diverted): void;
  /** A command was refused: all of it has come, and no byte of it goes to the server. */
  commandRefused(refused: RefusedCommand): void;
}

/** An observer of waiting commands. */
export interface WaitingWatch {
  /** A command that expects an answer waits until a cut response has been discarded. */
  commandWaits(): void;
}
