import { ClientLook, type LookObserver, type QueueView } from '../pace/clientLook.js';
import { ClientProgress, type Took, WINDOW_UPDATE_BYTES } from '../pace/clientProgress.js';
import { FreePart } from './freePart.js';
import { hasReadAll, verdictOn } from '../pace/readerVerdict.js';
import { SlowReader } from './slowReader.js';
import type { SocketQueues } from '../pace/socketQueues.js';
import { Steps } from './steps.js';
import { WaitedFor } from '../pace/waitedFor.js';

/**
 * How much may be written to a client that its kernel has not taken: a slow start with proof, as TCP's own.
 *
 *     [0, takenBytes) with the client · [.., writtenBytes) in our kernel · [.., grantedBytes) may be written
 *
 * A server gives a client up when it cannot write for `net_write_timeout`, and Linux lets it write only once a third of
 * its send buffer is free. A relay that reads as fast as it can makes every buffer on the way grow, for good, before
 * the first of them is full; then a slow reader empties them too slowly for the server. So nothing is read ahead of a
 * slow reader but a small window, and the server sees nearly what it would see of that client.
 *
 * A fast reader pays for three looks in a session; from the proof on only a socket that is full (`filled`) begins it
 * anew. Behind the free part 8 KiB a ms go out, until a look shows that the client reads, or, where that cannot be
 * seen, for the first 160 KiB: what is read faster lets the server's connection grow, for good.
 */
export class SendWindow implements LookObserver {
  private phase: Phase = 'free';
  /** Bytes that were written all in all. */
  private writtenBytes = 0;
  private readonly waitedFor = new WaitedFor();
  private grantedBytes: number;
  /** Once so much has been written, the client is looked at. */
  private askAtBytes: number;
  /** Once so much has been written, something is to be done. */
  private stopAtBytes: number;
  private windowBytes = START_BYTES;
  private slow: SlowReader | null = null;
  private readonly steps: Steps;
  private trustedUntilMs = 0;
  /** Before so much was written, a look shows only who has read all. */
  private judgeFromBytes = 0;
  private isShutNow = false;
  private isClosed = false;
  private readonly clientLook: ClientLook;
  private readonly progress: ClientProgress;
  private readonly freePart: FreePart;

  /**
   * @param now a clock in ms
   * @param changed is called when nothing more may be written, and when it may again
   */
  constructor(
    private readonly view: QueueView,
    private readonly now: () => number,
    private readonly changed: (isShut: boolean) => void,
  ) {
    this.clientLook = new ClientLook(view, this);
    this.progress = new ClientProgress(now);
    this.steps = new Steps(STEP_BYTES, now, () => this.goOn());
    this.freePart = new FreePart(now, view.isServerFar);
    this.stopAtBytes = this.grantedBytes = this.askAtBytes = this.freePart.begin(0, false);
  }

  /** Nothing may be written until the client has taken more. */
  get isShut(): boolean {
    return this.isShutNow;
  }

  /** As far as was seen, the client had something to read whenever something waited: the network is not slow. */
  get isClientWaitedFor(): boolean {
    return this.waitedFor.isClient;
  }

  /** How much of what goes to the client is worth reading at once, in bytes. */
  get readBytes(): number {
    if (this.phase === 'open') return Infinity;
    const isQuick = this.phase === 'starting' || (this.phase === 'free' && this.freePart.isProven);
    return isQuick ? QUICK_READ_BYTES : STEP_BYTES;
  }

  /** So much has been written all in all. */
  wrote(writtenBytes: number): void {
    this.writtenBytes = writtenBytes;
    if (writtenBytes >= this.stopAtBytes) this.reached();
  }

  /** The client has asked for something new when all was answered: so it has taken all that was written. */
  restart(): void {
    if (this.phase === 'open' || (this.isShutNow && this.writtenBytes >= this.grantedBytes)) return;
    const freeToBytes = this.freePart.begin(this.writtenBytes, this.phase === 'slow');
    this.waitedFor.restart();
    this.phase = 'free';
    this.slow = null;
    this.steps.stop();
    this.stopAtBytes = this.grantedBytes = this.askAtBytes = freeToBytes;
    this.open();
  }

  /** The socket does not take what it is given. */
  filled(): void {
    if (this.phase === 'slow' || this.phase === 'free' || this.now() < this.trustedUntilMs) return;
    this.clientLook.ask(this.restMs);
  }

  /** Nothing is written any more. */
  close(): void {
    this.isClosed = true;
    this.clientLook.close();
    this.steps.stop();
  }

  private reached(): void {
    if (this.phase === 'free') this.begin();
    if (this.writtenBytes < this.grantedBytes && this.isStepping) this.steps.begin(this.writtenBytes);
    if (this.writtenBytes >= this.grantedBytes || this.steps.isUnderWay) this.shut();
    this.stopAtBytes = this.nextStopBytes;
    if (this.writtenBytes >= this.askAtBytes) this.clientLook.ask(this.restMs);
  }

  /** What is granted goes out bit by bit. */
  private get isStepping(): boolean {
    return this.phase === 'unproven' || this.phase === 'measured' || this.phase === 'slow';
  }

  private get nextStopBytes(): number {
    const nextBytes = this.writtenBytes < this.askAtBytes ? this.askAtBytes : this.grantedBytes;
    return this.isStepping ? Math.min(nextBytes, this.writtenBytes + STEP_BYTES) : nextBytes;
  }

  private shut(): void {
    if (this.isShutNow || this.isClosed) return;
    this.isShutNow = true;
    this.changed(true);
  }

  private open(): void {
    if (!this.isShutNow) return;
    this.isShutNow = false;
    this.changed(false);
  }

  /** How long the next look is not due, in ms. */
  private get restMs(): number {
    if (this.slow !== null) return this.slow.lookEveryMs - this.progress.elapsedMs;
    return this.phase === 'measured' ? MEASURE_MS - this.progress.elapsedMs : 0;
  }

  seen(queues: SocketQueues): void {
    const { unacknowledgedBytes, unreadBytes } = queues;
    if (unacknowledgedBytes === null) return this.trust(Infinity);
    if (unacknowledgedBytes > 0) this.waitedFor.seen(queues);
    const queuedBytes = unacknowledgedBytes + this.view.pendingBytes;
    const isRead = hasReadAll(queuedBytes, unreadBytes);
    if (this.phase === 'unproven' && this.writtenBytes < this.judgeFromBytes) this.seenEarly(isRead);
    else if (this.phase !== 'free') this.judge(queuedBytes, isRead);
  }

  /** A client that was not found slow does not wait for a look: as much again goes out, and more to one that reads. */
  isLate(): void {
    if (this.writtenBytes < this.grantedBytes || this.phase === 'slow') return;
    this.grant(this.phase === 'starting' ? 2 * this.windowBytes : WINDOW_UPDATE_BYTES);
  }

  /** The response is larger than what goes out freely. */
  private begin(): void {
    this.phase = this.freePart.isProven ? 'starting' : 'unproven';
    this.steps.everyMs = STEP_MS;
    this.progress.countFrom(this.writtenBytes);
    this.windowBytes = this.freePart.isProven ? PROOF_BYTES : START_BYTES;
    this.judgeFromBytes = this.writtenBytes + START_BYTES;
    this.grantedBytes = this.writtenBytes + this.windowBytes + STEP_BYTES;
    this.askAtBytes = this.writtenBytes;
    this.steps.countFrom(this.writtenBytes);
  }

  /** A client on this host that has read what has come gets on at once; any other is looked at again later. */
  private seenEarly(isRead: boolean): void {
    const isProven = isRead && this.freePart.isReadQuickly(this.writtenBytes);
    if (isProven) this.phase = 'starting';
    const nextBytes = isProven ? this.judgeFromBytes : this.writtenBytes + EARLY_LOOK_BYTES;
    this.askAtBytes = Math.min(this.judgeFromBytes, nextBytes);
    this.goOn();
  }

  /** @param isRead it was seen that the client has read all but `queuedBytes` */
  private judge(queuedBytes: number, isRead: boolean): void {
    const takenBytes = this.writtenBytes - queuedBytes;
    const took = this.progress.took(takenBytes, isRead || this.phase === 'slow');
    const verdict = verdictOn(took, queuedBytes, this.windowBytes);
    // An unproven client's rate counts from the response's begin on: what its kernel takes at first is much of what
    // comes.
    const countsOn = this.phase === 'unproven' && verdict === 'unknown' && this.progress.elapsedMs < MAX_COUNT_MS;
    if (!countsOn) this.progress.countFrom(takenBytes);
    if (this.phase === 'open' && verdict !== 'behind') return;
    if (verdict === 'fast') this.trust(TRUST_MS);
    else if (verdict === 'quick') this.keepsUp();
    else if (verdict === 'unknown') this.staysUnproven();
    else if (this.phase === 'measured' || this.phase === 'slow') this.fallsBehind(took);
    else this.measure();
  }

  /** The client's socket alone says when it is full; nobody is asked again for so long. */
  private trust(forMs: number): void {
    this.phase = 'open';
    this.slow = null;
    this.steps.stop();
    this.trustedUntilMs = this.now() + forMs;
    this.windowBytes = WINDOW_UPDATE_BYTES;
    this.grantedBytes = this.askAtBytes = this.stopAtBytes = Infinity;
    this.open();
  }

  private keepsUp(): void {
    if (this.slow !== null || this.windowBytes >= PROOF_BYTES) return this.growOn();
    this.phase = 'starting';
    this.grant(PROOF_BYTES);
  }

  /** The client takes what comes, but little comes: it may still be a slow one. */
  private staysUnproven(): void {
    if (this.slow === null) this.phase = 'unproven';
    this.growOn();
  }

  /** It is granted twice as much, until it falls behind, or has taken so much that it is trusted. */
  private growOn(): void {
    if (this.windowBytes >= (this.slow === null ? PROOF_BYTES : RECOVERY_BYTES)) return this.trust(0);
    if (this.slow !== null) this.slow.lookEveryMs = MEASURE_MS;
    this.steps.everyMs = STEP_MS;
    this.grant(2 * this.windowBytes);
  }

  /** Something waits for the client: how fast it takes that, the next look tells. */
  private measure(): void {
    const wasOpen = this.phase === 'open';
    this.phase = 'measured';
    if (wasOpen) this.clientLook.ask(this.restMs);
    else this.grant(WINDOW_UPDATE_BYTES);
  }

  private fallsBehind(took: Took): void {
    this.phase = 'slow';
    this.slow ??= new SlowReader(took.bytesPerMs, this.writtenBytes);
    this.slow.seen(took, this.writtenBytes, this.view.intervalMs);
    this.steps.everyMs = this.slow.stepMs(STEP_BYTES, STEP_MS);
    this.windowBytes = this.slow.windowBytes;
    this.grantedBytes = this.slow.grantedBytes(this.progress.takenBytes);
    this.askAtBytes = this.grantedBytes - this.windowBytes / 2;
    this.goOn();
  }

  /** Lets a window more be written, and looks at the client once half of it is. */
  private grant(windowBytes: number): void {
    this.windowBytes = windowBytes;
    this.grantedBytes = this.writtenBytes + windowBytes;
    this.askAtBytes = this.writtenBytes + windowBytes / 2;
    this.goOn();
  }

  private goOn(): void {
    this.stopAtBytes = this.nextStopBytes;
    if (!this.isStepping) this.steps.stop();
    if (this.writtenBytes >= this.grantedBytes) this.shut();
    else if (!this.steps.isUnderWay) this.open();
    if (this.writtenBytes >= this.askAtBytes) this.clientLook.ask(this.restMs);
  }
}

/**
 * So much is read at a time, until the client is known to read, and for a slow client always: Linux makes a receive
 * buffer as large as what is read of it within a round trip, and lets the server's send buffer grow with it.
 */
const STEP_BYTES = 8 * 1024;
const STEP_MS = 1;
/** A client that has proven to be quick in an earlier response is read for in larger pieces. */
const QUICK_READ_BYTES = 64 * 1024;
/** So often a client on this host is looked at, that may just not have read yet. */
const EARLY_LOOK_BYTES = 32 * 1024;
/** So much, behind the free part, is more than a client's receive buffer holds at first. */
const START_BYTES = 80 * 1024;
/** A client that has taken half of this, too, keeps up: it is not looked at again while its socket takes all. */
const PROOF_BYTES = 4 * 1024 * 1024;
/** The same of one that was found slow: its buffers were full, so what it has taken since, it has read. */
const RECOVERY_BYTES = 1024 * 1024;
/** A rate that counts from so long ago says nothing of now. */
const MAX_COUNT_MS = 1000;
/** How long a client's rate is measured. */
const MEASURE_MS = 20;
/** For so long a client that was found fast is not looked at again when its socket is full. */
const TRUST_MS = 1000;

/**
 * What is known of the client:
 * - `free`: nothing was asked yet;
 * - `unproven`: it is not known to read quickly, or at all;
 * - `starting`: it does not leave anything unread;
 * - `measured`: something waits for it; the next look tells its rate;
 * - `slow`: it has a window;
 * - `open`: it keeps up, or nothing can be known of it.
 */
type Phase = 'free' | 'unproven' | 'starting' | 'measured' | 'slow' | 'open';
