import type { Duplex } from 'node:stream';
import type { Compression } from '../../protocol/compression.js';
import { intentOf } from '../../conversation/intentOf.js';
import type { RefusedCommand } from '../../conversation/commandGate.js';
import type { Conversation } from '../../conversation/conversation.js';
import type { FrameNumbers } from '../../protocol/frameNumbers.js';
import type { Settled } from './flow.js';
import type { FramePlace } from './framedOutlet.js';
import type { Containment } from '../containment.js';
import { FramedFlow, type Diverted } from './framedFlow.js';

/** The flow from the client to the server: the client's answer to the greeting, then its commands. */
export class RequestFlow extends FramedFlow {
  /** The scanned bytes are those of a refused command. */
  private isSwallowing = false;

  constructor(
    client: Duplex,
    upstream: Duplex,
    conversation: Conversation,
    private readonly decisions: RequestDecisions,
    private readonly waiting: WaitingWatch,
  ) {
    super(client, upstream, 'client', conversation, decisions);
  }

  /** Sends a command that the client did not send. All commands before it must be answered. */
  command(packet: Buffer): void {
    this.sink.write(this.wrapCommand(packet));
  }

  /** Returns a packet that begins a command, in the form in which it can go to the server now. */
  wrapCommand(packet: Buffer): Buffer {
    return this.outlet.wrapCommand(packet);
  }

  protected override sourceEnded(): void {
    if (this.conversation.client.isGated) this.decisions.left();
    else super.sourceEnded();
  }

  protected override scan(chunk: Buffer, at: number, end: number): number {
    this.isSwallowing = this.conversation.client.isSwallowing;
    return super.scan(chunk, at, end);
  }

  protected override deliver(bytes: Buffer): void {
    if (this.isSwallowing) this.outlet.drop(bytes);
    else super.deliver(bytes);
  }

  protected override settle(): Settled {
    const { client, commands } = this.conversation;
    switch (client.stopReason) {
      case 'none':
        return 'exhausted';
      case 'waiting':
        return 'blocked';
      case 'userChange':
        if (commands.length > 0) return 'blocked';
        this.decisions.userChangeBegun(this.divert());
        return 'exhausted';
      case 'refused':
        client.swallow();
        return 'onward';
      case 'swallowed':
        this.decisions.commandRefused(client.takeRefused());
        return 'onward';
    }
  }

  protected override get readsOn(): boolean {
    return this.heldBytes < MAX_WAITING_BYTES;
  }

  protected override onMoreHeld(): void {
    const intent = this.conversation.client.isGated ? intentOf(this.held) : 'none';
    if (intent === 'quit') {
      this.decisions.left();
      return;
    }
    if (intent === 'command') this.waiting.commandWaits();
    super.onMoreHeld();
  }

  /** The client has left. Its last bytes go to the server, and then its end (FIN). */
  endBehindHeld(): void {
    super.sourceEnded();
    this.unblock();
  }

  override beginFrames(compression: Compression, numbers: FrameNumbers): void {
    if (this.isBlocked || this.waitsForTurn || !this.scanner.isBetweenPackets) {
      const offsetBytes = this.sink.writtenBytes;
      this.conversation.giveUpFrames('client', 'more than an answer before being let in', this.held, offsetBytes);
      this.flushHeld();
    }
    super.beginFrames(compression, numbers);
  }

  /** In an upload, the client continues the count of the frames that it received. Otherwise its own count applies. */
  protected override placeOf(): FramePlace {
    return this.conversation.isUploading ? 'next' : 'command';
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
