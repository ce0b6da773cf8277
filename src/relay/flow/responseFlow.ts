import type { Duplex } from 'node:stream';
import type { Conversation } from '../../conversation/conversation.js';
import type { Compression } from '../../protocol/compression.js';
import type { FrameNumbers } from '../../protocol/frameNumbers.js';
import { ClientRoom } from './clientRoom.js';
import type { Direction, Settled } from './direction.js';
import { Flow } from './flow.js';
import type { LastPackets } from './lastPackets.js';
import type { ResponseDecisions, ResponseVerdicts } from './responseDecisions.js';
import type { QueueView } from '../pace/clientLook.js';
import { StallClock } from '../pace/stallClock.js';

/** The direction from the server to the client: the greeting, then the responses. The rows of responses are counted. */
export class ResponseFlow implements Direction {
  readonly flow: Flow;
  readonly room: ClientRoom;
  readonly maxWaitingBytes = 0;
  private isDiscarding = false;
  /** The scanned bytes answer a command of Sluice's own. */
  private isForUs = false;
  /** Decided bytes are held back. When this ends, they go out before the next bytes. */
  private isHolding = false;
  private readonly stall = new StallClock();

  /** @param queue shows the bytes that wait for the client */
  constructor(
    upstream: Duplex,
    client: Duplex,
    queue: QueueView,
    private readonly conversation: Conversation,
    private readonly decisions: ResponseDecisions,
    private readonly verdicts: ResponseVerdicts,
  ) {
    this.room = new ClientRoom(
      queue, conversation,
      () => decisions.contain(() => this.flow.roomChanged()), () => decisions.contain(() => this.flow.resumeSource()),
    );
    this.flow = new Flow(upstream, client, conversation.server, this, this.room, decisions);
    this.flow.sink.watch = this.room.window;
  }

  /** The total time in which the client did not take the bytes sent to it, in ms. */
  get totalStallMs(): number {
    return this.stall.totalMs;
  }

  /** The length of the current wait for the client to take its bytes, in ms; 0 if it has taken all. */
  get stalledMs(): number {
    return this.stall.runningMs;
  }

  /** The total number of bytes written to the client. */
  get writtenBytes(): number {
    return this.flow.sink.writtenBytes;
  }

  /** Whether the response waits for the client and not for the network: the client had bytes to read meanwhile. */
  get isClientWaitedFor(): boolean {
    return this.room.window.isClientWaitedFor;
  }

  /** A response is under way, and its client reads quickly and has room for more. */
  get mayGather(): boolean {
    const { conversation: { server }, room, flow } = this;
    return server.usage !== null && room.isOpen && flow.hasRoom && !flow.isWaiting;
  }

  /**
   * Called after a read of `readBytes` bytes. Postpones the next read if the response is large and the wait pays off.
   */
  gather(readBytes: number): void {
    const { usage } = this.conversation.server;
    if (usage === null || !this.mayGather || this.flow.isClosed) return;
    if (this.room.pause(readBytes, usage)) this.flow.source.pause();
  }

  /** Whether the next bytes may go to the client as they come, scanned or not. */
  get canPass(): boolean {
    const { server, ownCommand } = this.conversation;
    return !server.isDiscarding && ownCommand === null && this.flow.outlet.canPassBytes;
  }

  /** The kernel has all bytes that were decided and not dropped. */
  get hasHandedOver(): boolean {
    return this.flow.sink.hasTakenAll && this.hasPassedOn;
  }

  /** No decided byte waits for a decision on other bytes. */
  get hasPassedOn(): boolean {
    return this.flow.outlet.isSettled;
  }

  /** A response has begun, and is not over or not completely passed on. */
  get isAnswering(): boolean {
    return this.conversation.server.isInResponse || !this.hasPassedOn;
  }

  /**
   * Calls `then` once the kernel has all bytes written for the client. Never calls it if the connection closes first.
   */
  whenTaken(then: () => void): void {
    this.flow.sink.whenTaken(then);
  }

  /** Writes packets that the server did not send. */
  inject(packets: Buffer): void {
    this.flow.outlet.inject(packets);
  }

  /** Passes on what is decided. Returns the last bytes that the client gets after that; null if there are none. */
  wrapLast({ end, refusal }: LastPackets): Buffer | null {
    const { outlet } = this.flow;
    outlet.flush();
    const bytes = end === null ? [] : [outlet.wrap(end)];
    if (refusal !== null) bytes.push(outlet.wrapRefusal(refusal));
    return bytes.length === 0 ? null : Buffer.concat(bytes);
  }

  /** Continues without the client. */
  part(): void {
    this.room.part();
    this.flow.resumeSource();
  }

  /** Reads the row under way to its end, if that is not too large, so that the response can be cut after it. */
  hurry(): void {
    if (this.room.hurry()) this.flow.resumeSource();
  }

  /** Holds back all bytes that are decided from now on. */
  hold(): void {
    this.isHolding = true;
  }

  /** Ends `hold`. The bytes that were held back go out before the next bytes, unless `isDropped`. */
  endHold(isDropped: boolean): void {
    this.isHolding = false;
    if (isDropped) this.flow.outlet.dropKept();
  }

  /** Writes all bytes that wait, after the conversation has become transparent. */
  flushUndecided(): void {
    if (!this.isHolding) this.flow.outlet.release();
    this.flow.flushUndecided();
  }

  /** From now on, the server sends frames. */
  beginFrames(compression: Compression, numbers: FrameNumbers): void {
    const { flow, conversation } = this;
    flow.beginFrames({
      peer: 'server', compression, numbers, conversation,
      place: () => (flow.undecidedBytes === 0 && conversation.server.isAtResponse ? 'first' : 'next'),
    });
  }

  /** Drops all bytes that have not gone out, and all later ones. */
  close(): void {
    this.flow.close();
    this.room.close();
  }

  scanBegins(): void {
    const { server, ownCommand } = this.conversation;
    this.isDiscarding = server.isDiscarding;
    this.isForUs = ownCommand !== null;
    if (server.usage !== null && !this.isDiscarding && this.hasHandedOver) {
      server.usage.noteHandedOver(server.rowBytesToCome);
    }
  }

  deliver(bytes: Buffer): void {
    const { outlet } = this.flow;
    if (this.isForUs) {
      outlet.drop(bytes);
    } else if (this.isDiscarding) {
      outlet.drop(bytes);
      this.verdicts.discarded(bytes.length);
    } else if (this.isHolding) {
      outlet.keep(bytes);
    } else {
      outlet.release();
      outlet.forward(bytes);
    }
  }

  settle(): Settled {
    const { server } = this.conversation;
    switch (server.stopReason) {
      case 'none':
        return 'exhausted';
      case 'rows':
      case 'bytes':
      case 'error':
        return this.limitReached(server.stopReason);
      case 'fileRequest':
        return this.decisions.fileRequested();
      case 'fileWanted':
        this.flow.source.answer(this.flow.outlet.wrapAnswer(server.refuseFile()));
        return 'onward';
      case 'drained':
        this.verdicts.drained();
        return this.awaitRoom();
      case 'compressed':
        this.decisions.compressed();
        return 'exhausted';
      case 'sessionBegun':
        this.decisions.sessionBegun();
        return 'onward';
      case 'ownAnswer':
        return 'onward';
      case 'refused':
        this.decisions.refused(server.refusal!);
        return 'onward';
    }
  }

  mayPause(): boolean {
    return true;
  }

  caughtUp(): void {
    this.decisions.caughtUp();
  }

  /** The client's socket or the window stops taking bytes, or takes them again. */
  roomChanged(hasRoom: boolean): void {
    if (hasRoom !== this.stall.isRunning) return;
    if (hasRoom) this.stall.stop();
    else this.stall.start();
    this.decisions.stalled(!hasRoom);
  }

  sourceEnded(): void {
    this.flow.endSource();
  }

  /** Nothing goes out of a response that is cut or held back, because its end is missing. */
  mayWriteRest(): boolean {
    return !this.conversation.server.isDiscarding && !this.verdicts.abortHeld();
  }

  private limitReached(reason: 'rows' | 'bytes' | 'error'): Settled {
    const settled = this.verdicts.limitReached(reason);
    // The source may be paused for a client that does not read. Discarding needs no room at the client.
    if (this.conversation.server.isDiscarding) this.flow.resumeSource();
    return settled;
  }

  /**
   * Called after a response that was discarded while the sink was full. The next bytes wait until the kernel has taken
   * everything written for the client.
   */
  private awaitRoom(): Settled {
    const { flow, room } = this;
    if (!flow.hasRoom && !room.hasParted) flow.source.pause();
    if (flow.sink.hasTakenAll || room.hasParted) return 'onward';
    flow.sink.whenTaken(() => {
      if (!flow.isClosed) flow.unblock();
    });
    return 'blocked';
  }
}
