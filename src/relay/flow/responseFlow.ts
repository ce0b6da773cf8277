import type { Duplex } from 'node:stream';
import type { Conversation } from '../../conversation/conversation.js';
import type { FramePlace } from './framedOutlet.js';
import type { Settled } from './flow.js';
import { FramedFlow } from './framedFlow.js';
import { GatheredReads } from './gatheredReads.js';
import type { LastPackets } from './lastPackets.js';
import type { ResponseDecisions, ResponseVerdicts } from './responseDecisions.js';
import type { QueueView } from '../pace/clientLook.js';
import { SendWindow } from '../window/sendWindow.js';
import { StallClock } from '../pace/stallClock.js';

/** From the server to the client: its greeting, then its responses, counted row by row. */
export class ResponseFlow extends FramedFlow {
  private isDiscarding = false;
  /** What comes answers Sluice itself. */
  private isForUs = false;
  /** What is held back goes out before whatever comes next, once this is over. */
  private isHolding = false;
  /** The client has left, or was let go: what comes goes nowhere. */
  private hasParted = false;
  /** How much may go out that the client has not taken. */
  private readonly window: SendWindow;
  private readonly stall: StallClock;
  private readonly gathered = new GatheredReads(() => this.contain(() => this.resumeSource()));

  /** @param queue shows what waits for the client */
  constructor(
    upstream: Duplex,
    client: Duplex,
    queue: QueueView,
    private readonly conversation: Conversation,
    private readonly decisions: ResponseDecisions,
    private readonly verdicts: ResponseVerdicts,
  ) {
    super(upstream, client, 'server', conversation.server);
    const { now } = conversation.options;
    this.stall = new StallClock(now);
    this.window = new SendWindow(queue, now, () => this.contain(() => this.sinkChanged()));
    this.sink.watch = this.window;
  }

  /** How long the client has not been taking what it was sent, all in all, in ms. */
  get totalStallMs(): number {
    return this.stall.totalMs;
  }

  /** How long the client has not been taking what it was sent now, in ms; 0 where it has taken all. */
  get stalledMs(): number {
    return this.stall.runningMs;
  }

  /** Bytes that were written to the client, all in all. */
  get writtenBytes(): number {
    return this.sink.writtenBytes;
  }

  /** While the response waited, the client had something to read: it is not the network that is slow. */
  get isClientWaitedFor(): boolean {
    return this.window.isClientWaitedFor;
  }

  /** How much is worth reading at once, in bytes. */
  get readBytes(): number {
    return this.window.readBytes;
  }

  /** The client goes on after all answers: it has taken them. */
  answersTaken(): void {
    this.window.restart();
  }

  /** A response is under way, and its client reads quickly and has room for more. */
  get mayGather(): boolean {
    const { conversation: { server }, window } = this;
    return server.usage !== null && window.readBytes === Infinity && this.needsRoom && this.hasRoom && !this.isWaiting;
  }

  /** After a read: puts the next one off where the response is large, and so much as to be worth it is to come. */
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
    this.isForUs = this.conversation.isSettingUp;
    if (server.usage !== null && !this.isDiscarding && this.hasHandedOver) {
      server.usage.noteHandedOver(server.rowBytesToCome);
    }
    return super.scan(chunk, at, end);
  }

  /** Whether what comes may go to the client as it comes, looked at or not. */
  get canPass(): boolean {
    const { server, isSettingUp } = this.conversation;
    return !server.isDiscarding && !isSettingUp && this.canPassFrames;
  }

  /** The kernel has all that was decided on and not dropped. */
  get hasHandedOver(): boolean {
    return this.sink.hasTakenAll && this.hasPassedOn;
  }

  /** Nothing that was decided waits for something else to be decided. */
  get hasPassedOn(): boolean {
    return this.outlet.isSettled;
  }

  /** Calls back once the kernel has all that was written for the client; never where the client goes before. */
  whenTaken(then: () => void): void {
    this.sink.whenTaken(then);
  }

  /** Goes on without the client. */
  part(): void {
    this.hasParted = true;
    this.resumeSource();
  }

  /** The last bytes that a client gets; null for none. */
  wrapLast({ end, refusal }: LastPackets): Buffer | null {
    this.outlet.flush();
    const bytes = end === null ? [] : [this.outlet.wrap(end)];
    if (refusal !== null) bytes.push(this.outlet.wrapRefusal(refusal));
    return bytes.length === 0 ? null : Buffer.concat(bytes);
  }

  /** Keeps back what comes from here on. */
  hold(): void {
    this.isHolding = true;
  }

  /** Ends keeping back. What was kept goes out before whatever comes next, unless it is dropped. */
  endHold(isDropped: boolean): void {
    this.isHolding = false;
    if (isDropped) this.outlet.dropKept();
  }

  protected override contain(work: () => void): void {
    this.decisions.contain(work);
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

  /** Of a response that is cut or held back, no part goes out that its end is missing of. */
  override flushRest(): void {
    if (this.isClosed || this.conversation.server.isDiscarding) return;
    if (!this.verdicts.heldLost()) super.flushRest();
  }

  protected override placeOf(): FramePlace {
    return this.heldBytes === 0 && this.conversation.server.isAtResponse ? 'first' : 'next';
  }

  /** A response has begun, and is not over, or has not wholly gone on. */
  get isAnswering(): boolean {
    return this.conversation.server.isInResponse || !this.hasPassedOn;
  }

  protected override unreadable(frame: Buffer, offsetBytes: number): void {
    this.conversation.giveUpFrames('server', 'a frame that does not hold what it declares', frame, offsetBytes);
  }

  protected override caughtUp(): void {
    this.decisions.caughtUp();
  }

  override get readsPastSink(): boolean {
    return !this.sink.hasTakenAll && (this.isBlocked || !this.needsRoom);
  }

  /** What is discarded needs no room at the client. */
  protected override get needsRoom(): boolean {
    return !this.conversation.server.isDiscarding && !this.hasParted;
  }

  protected override get hasRoom(): boolean {
    return super.hasRoom && !this.window.isShut;
  }

  /** The client's socket is full, or its window shut, or neither is any more. */
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
      case 'setUp':
        return 'onward';
      case 'refused':
        this.decisions.refused(server.refusal!);
        return 'onward';
    }
  }

  private limitReached(reason: 'rows' | 'bytes' | 'error'): Settled {
    const settled = this.verdicts.limitReached(reason);
    // It may stand still for a client that does not read.
    if (this.conversation.server.isDiscarding) this.resumeSource();
    return settled;
  }

  /** Behind a response that was discarded past a full sink: what follows has to wait until the client has taken all. */
  private awaitRoom(): Settled {
    if (!this.hasRoom && !this.hasParted) this.source.pause();
    if (this.sink.hasTakenAll || this.hasParted) return 'onward';
    this.sink.whenTaken(() => {
      if (!this.isClosed) this.unblock();
    });
    return 'blocked';
  }
}
