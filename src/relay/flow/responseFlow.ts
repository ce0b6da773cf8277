import type { Duplex } from 'node:stream';
import type { Conversation } from '../../conversation/conversation.js';
import type { Usage } from '../../conversation/command.js';
import type { FramePlace } from './framedOutlet.js';
import type { Settled } from './flow.js';
import { FramedFlow } from './framedFlow.js';
import { GatheredReads } from './gatheredReads.js';
import type { LastPackets } from './lastPackets.js';
import type { ResponseDecisions, ResponseVerdicts } from './responseDecisions.js';
import type { QueueView } from '../pace/clientLook.js';
import { SendWindow } from '../window/sendWindow.js';
import { StallClock } from '../pace/stallClock.js';

/** The flow from the server to the client: the greeting, then the responses. The rows of responses are counted. */
export class ResponseFlow extends FramedFlow {
  private isDiscarding = false;
  /** The scanned bytes answer a command of Sluice's own. */
  private isForUs = false;
  /** Decided bytes are held back. When this ends, they go out before the next bytes. */
  private isHolding = false;
  /** The client has left, or was let go: no more bytes go to it. */
  private hasParted = false;
  /** Bounds the written bytes that the client has not taken. */
  private readonly window: SendWindow;
  private readonly stall = new StallClock();
  /** A response that is to be cut at its next row, and whose row under way needs no room at the client. */
  private hurried: Usage | null = null;
  private readonly gathered = new GatheredReads(() => this.contain(() => this.resumeSource()));

  /** @param queue shows the bytes that wait for the client */
  constructor(
    upstream: Duplex,
    client: Duplex,
    queue: QueueView,
    conversation: Conversation,
    private readonly decisions: ResponseDecisions,
    private readonly verdicts: ResponseVerdicts,
  ) {
    super(upstream, client, 'server', conversation, decisions);
    this.window = new SendWindow(queue, () => this.contain(() => this.sinkChanged()));
    this.sink.watch = this.window;
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
    return this.sink.writtenBytes;
  }

  /** Whether the response waits for the client and not for the network: the client had bytes to read meanwhile. */
  get isClientWaitedFor(): boolean {
    return this.window.isClientWaitedFor;
  }

  /** The number of bytes to read from the server at once. */
  get readBytes(): number {
    return this.window.readBytes;
  }

  /** The client has sent more bytes after all answers, so it has taken the answers. */
  answersTaken(): void {
    this.window.restart();
  }

  /** A response is under way, and its client reads quickly and has room for more. */
  get mayGather(): boolean {
    const { conversation: { server }, window } = this;
    return server.usage !== null && window.readBytes === Infinity && this.needsRoom && this.hasRoom && !this.isWaiting;
  }

  /**
   * Called after a read of `readBytes` bytes. Postpones the next read if the response is large and the wait pays off.
   */
  gather(readBytes: number): void {
    const { conversation: { server: { usage }, options } } = this;
    if (usage === null || !this.mayGather || this.isClosed) return;
    if (this.gathered.begin(readBytes, usage.bytes, options.now() - usage.firstRowAtMs)) this.source.pause();
  }

  override close(): void {
    super.close();
    this.window.close();
    this.gathered.end();
  }

  protected override resumeSource(): void {
    if (!this.gathered.isPausing) super.resumeSource();
  }

  protected override scan(chunk: Buffer, at: number, end: number): number {
    const { server } = this.conversation;
    this.isDiscarding = server.isDiscarding;
    this.isForUs = this.conversation.ownCommand !== null;
    if (server.usage !== null && !this.isDiscarding && this.hasHandedOver) {
      server.usage.noteHandedOver(server.rowBytesToCome);
    }
    return super.scan(chunk, at, end);
  }

  /** Whether the next bytes may go to the client as they come, scanned or not. */
  get canPass(): boolean {
    const { server, ownCommand } = this.conversation;
    return !server.isDiscarding && ownCommand === null && this.canPassFrames;
  }

  /** The kernel has all bytes that were decided and not dropped. */
  get hasHandedOver(): boolean {
    return this.sink.hasTakenAll && this.hasPassedOn;
  }

  /** No decided byte waits for a decision on other bytes. */
  get hasPassedOn(): boolean {
    return this.outlet.isSettled;
  }

  /**
   * Calls `then` once the kernel has all bytes written for the client. Never calls it if the connection closes first.
   */
  whenTaken(then: () => void): void {
    this.sink.whenTaken(then);
  }

  /** Continues without the client. */
  part(): void {
    this.hasParted = true;
    this.resumeSource();
  }

  /** Returns the last bytes that the client gets; null if there are none. */
  wrapLast({ end, refusal }: LastPackets): Buffer | null {
    this.outlet.flush();
    const bytes = end === null ? [] : [this.outlet.wrap(end)];
    if (refusal !== null) bytes.push(this.outlet.wrapRefusal(refusal));
    return bytes.length === 0 ? null : Buffer.concat(bytes);
  }

  /**
   * Reads the row under way to its end, although the client does not read, so that the response can be cut behind it.
   * A row that is too large for that goes on at the client's pace.
   */
  hurry(): void {
    const { usage, rowBytesToCome } = this.conversation.server;
    if (rowBytesToCome > MAX_HURRIED_BYTES) return;
    this.hurried = usage;
    this.resumeSource();
  }

  /** Holds back all bytes that are decided from now on. */
  hold(): void {
    this.isHolding = true;
  }

  /** Ends `hold`. The bytes that were held back go out before the next bytes, unless `isDropped`. */
  endHold(isDropped: boolean): void {
    this.isHolding = false;
    if (isDropped) this.outlet.dropKept();
  }

  protected override deliver(bytes: Buffer): void {
    if (this.isForUs) {
      this.outlet.drop(bytes);
      return;
    }
    if (this.isDiscarding) {
      this.outlet.drop(bytes);
      this.verdicts.discarded(bytes.length);
      return;
    }
    if (this.isHolding) {
      this.outlet.keep(bytes);
      return;
    }
    this.outlet.release();
    this.outlet.forward(bytes);
  }

  override flushHeld(): void {
    if (!this.isHolding) this.outlet.release();
    super.flushHeld();
  }

  /** Writes nothing of a response that is cut or held back, because its end is missing. */
  override flushRest(): void {
    if (this.isClosed || this.conversation.server.isDiscarding) return;
    if (!this.verdicts.heldLost()) super.flushRest();
  }

  protected override placeOf(): FramePlace {
    return this.heldBytes === 0 && this.conversation.server.isAtResponse ? 'first' : 'next';
  }

  /** A response has begun, and is not over or not completely passed on. */
  get isAnswering(): boolean {
    return this.conversation.server.isInResponse || !this.hasPassedOn;
  }

  protected override caughtUp(): void {
    this.decisions.caughtUp();
  }

  override get readsPastSink(): boolean {
    return !this.sink.hasTakenAll && (this.isBlocked || !this.needsRoom);
  }

  /** Bytes need no room at the client if they are discarded, few and to be cut, or the client has left. */
  protected override get needsRoom(): boolean {
    const { isDiscarding, usage } = this.conversation.server;
    const isHurried = this.hurried !== null && this.hurried === usage;
    return !isDiscarding && !isHurried && !this.hasParted;
  }

  protected override get hasRoom(): boolean {
    return super.hasRoom && !this.window.isShut;
  }

  /** The client's socket or the window stops taking bytes, or takes them again. */
  protected override sinkChanged(): void {
    super.sinkChanged();
    const isStalled = !this.hasRoom;
    if (isStalled === this.stall.isRunning) return;
    if (isStalled) this.stall.start();
    else this.stall.stop();
    this.decisions.stalled(isStalled);
  }

  protected override settle(): Settled {
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
        this.source.write(this.outlet.wrapAnswer(server.refuseFile()));
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

  private limitReached(reason: 'rows' | 'bytes' | 'error'): Settled {
    const settled = this.verdicts.limitReached(reason);
    // The source may be paused for a client that does not read. Discarding needs no room at the client.
    if (this.conversation.server.isDiscarding) this.resumeSource();
    return settled;
  }

  /**
   * Called behind a response that was discarded while the sink was full. The next bytes wait until the kernel has taken
   * everything written for the client.
   */
  private awaitRoom(): Settled {
    if (!this.hasRoom && !this.hasParted) this.source.pause();
    if (this.sink.hasTakenAll || this.hasParted) return 'onward';
    this.sink.whenTaken(() => {
      if (!this.isClosed) this.unblock();
    });
    return 'blocked';
  }
}

/** The largest rest of a row that is written to a client that does not read. */
const MAX_HURRIED_BYTES = 1024 * 1024;
