import { ClientLook, type LookObserver, type QueueView } from '../pace/clientLook.js';
import { ClientProgress, type Took, WINDOW_UPDATE_BYTES } from '../pace/clientProgress.js';
import { FreePart } from './freePart.js';
import { Gate } from './gate.js';
import { hasReadAll, verdictOn } from '../pace/readerVerdict.js';
import { SlowReader } from './slowReader.js';
import type { SocketQueues } from '../pace/socketQueues.js';
import { STEP_BYTES, STEP_MS, Steps } from './steps.js';
import { WaitedFor } from '../pace/waitedFor.js';
import { world } from '../../world/world.js';

/**
 * A bound on the bytes that a client's kernel has not taken: a slow start with proof, like TCP's own.
 *
 *     [0, takenBytes) with the client · [.., writtenBytes) in our kernel · [.., grantedBytes) may be written
 *
 * A server closes a connection if it cannot write for `net_write_timeout`, and Linux lets it write only when a third of
 * its send buffer is free. A relay that reads as fast as it can makes every buffer on the way grow, for good. A slow
 * reader then empties them too slowly for the server. Therefore only a small window is read ahead of a slow reader, and
 * the server sees nearly what it would see of that client without Sluice.
 *
 * A fast reader costs three looks per session. After its proof only a full socket (`filled`) begins the looks again.
 * After the free part, small steps go out until a look shows that the client reads, or, if that cannot be seen, for
 * the first 160 KiB. Faster reading would let the server's connection grow for good.
 */
export class SendWindow implements LookObserver {
  private phase: Phase = 'free';
  /** All bytes that were written. */
  private writtenBytes = 0;
  private readonly waitedFor = new WaitedFor();
  private grantedBytes: number;
  /** After this many written bytes, a look at the client is due. */
  private askAtBytes: number;
  /** After this many written bytes, the next step is due. */
  private stopAtBytes: number;
  private windowBytes = START_BYTES;
  private slow: SlowReader | null = null;
  private readonly steps: Steps;
  private trustedUntilMs = 0;
  /** Before this many written bytes, a look recognizes only clients that have read everything. */
  private judgeFromBytes = 0;
  private readonly gate: Gate;
  private readonly clientLook: ClientLook;
  private readonly progress = new ClientProgress();
  private readonly freePart: FreePart;

  /** @param changed is called when nothing more may be written, and when writing may continue */
  constructor(private readonly view: QueueView, changed: (isShut: boolean) => void) {
    this.gate = new Gate(changed);
    this.clientLook = new ClientLook(view, this);
    this.steps = new Steps(view.isServerFar, () => this.goOn());
    this.freePart = new FreePart(view.isServerFar);
    this.stopAtBytes = this.grantedBytes = this.askAtBytes = this.freePart.begin(0, false);
  }

  /** Whether nothing may be written until the client has taken more. */
  get isShut(): boolean {
    return this.gate.isShut;
  }

  /** Whether looks have shown that responses wait for the client and not for the network. */
  get isClientWaitedFor(): boolean {
    return this.waitedFor.isClient;
  }

  /** The number of bytes to read from the server at once. */
  get readBytes(): number {
    if (this.phase === 'open') return Infinity;
    if (this.phase === 'starting') return QUICK_READ_BYTES;
    if (this.phase !== 'free') return STEP_BYTES;
    const freeBytes = this.freePart.isProven ? Infinity : this.grantedBytes - this.writtenBytes;
    return Math.max(STEP_BYTES, Math.min(QUICK_READ_BYTES, freeBytes));
  }

  /** Notes the total of written bytes. */
  wrote(writtenBytes: number): void {
    this.writtenBytes = writtenBytes;
    if (writtenBytes >= this.stopAtBytes) this.reached();
  }

  /** The client has sent a new command after all answers. So it has taken all bytes. */
  restart(): void {
    if (this.phase === 'open' || (this.isShut && this.writtenBytes >= this.grantedBytes)) return;
    const freeToBytes = this.freePart.begin(this.writtenBytes, this.phase === 'slow');
    this.waitedFor.restart();
    this.phase = 'free';
    this.slow = null;
    this.steps.stop();
    this.stopAtBytes = this.grantedBytes = this.askAtBytes = freeToBytes;
    this.gate.open();
  }

  /** The socket is full. */
  filled(): void {
    if (this.phase === 'slow' || this.phase === 'free' || world.nowMs() < this.trustedUntilMs) return;
    this.clientLook.ask(this.restMs);
  }

  /** Ends the window: nothing more will be written. */
  close(): void {
    this.gate.close();
    this.clientLook.close();
    this.steps.stop();
  }

  private reached(): void {
    if (this.phase === 'free') this.begin();
    if (this.writtenBytes < this.grantedBytes && this.isStepping) this.steps.begin(this.writtenBytes);
    if (this.writtenBytes >= this.grantedBytes || this.steps.isUnderWay) this.gate.shut();
    this.stopAtBytes = this.nextStopBytes;
    if (this.writtenBytes >= this.askAtBytes) this.clientLook.ask(this.restMs);
  }

  /** Whether granted bytes go out in steps. */
  private get isStepping(): boolean {
    return this.phase === 'unproven' || this.phase === 'measured' || this.phase === 'slow';
  }

  private get nextStopBytes(): number {
    const nextBytes = this.writtenBytes < this.askAtBytes ? this.askAtBytes : this.grantedBytes;
    return this.isStepping ? Math.min(nextBytes, this.writtenBytes + STEP_BYTES) : nextBytes;
  }

  /** The time until the next look is due, in ms. */
  private get restMs(): number {
    if (this.phase !== 'measured' && this.slow === null) return 0;
    const { idleMs, elapsedMs } = this.progress;
    return Math.max(this.slow?.lookEveryMs ?? MEASURE_MS, Math.min(REST_PART * idleMs, MAX_REST_MS)) - elapsedMs;
  }

  seen(queues: SocketQueues): void {
    const { unacknowledgedBytes, unreadBytes } = queues;
    if (unacknowledgedBytes === null) return this.trust(Infinity);
    if (unacknowledgedBytes > 0) this.waitedFor.seen(queues);
    const queuedBytes = unacknowledgedBytes + this.view.pendingBytes;
    const isRead = hasReadAll(queuedBytes, unreadBytes);
    if (this.phase === 'unproven' && this.writtenBytes < this.judgeFromBytes) this.seenEarly(isRead);
    else if (this.phase !== 'free') this.judge(queuedBytes, isRead, queues.isClientFull);
  }

  /**
   * Grants as much again to a client that is not known to be slow, and more to one that reads. If looks are rare
   * because they cost much, a client that takes what comes counts as one that reads. A slow one gets bytes at its rate.
   */
  late(): void {
    if (this.writtenBytes < this.grantedBytes) return;
    if (this.slow !== null) return this.grantSlow(this.slow);
    if (this.phase === 'unproven' && this.view.intervalMs >= RARE_LOOKS_MS) this.phase = 'starting';
    this.grant(this.phase === 'starting' ? 2 * this.windowBytes : WINDOW_UPDATE_BYTES);
  }

  /** The response is larger than the free part. */
  private begin(): void {
    this.phase = this.freePart.isProven ? 'starting' : 'unproven';
    this.progress.countFrom(this.writtenBytes);
    this.windowBytes = this.freePart.isProven ? PROOF_BYTES : START_BYTES;
    this.judgeFromBytes = this.writtenBytes + START_BYTES;
    this.grantedBytes = this.writtenBytes + this.windowBytes + STEP_BYTES;
    this.askAtBytes = this.writtenBytes;
    this.steps.restart();
  }

  /** Grants more at once to a client on this host that has read everything. Others get another look later. */
  private seenEarly(isRead: boolean): void {
    const isProven = isRead && this.freePart.isReadQuickly(this.writtenBytes);
    if (isProven) this.phase = 'starting';
    const nextBytes = isProven ? this.judgeFromBytes : this.writtenBytes + EARLY_LOOK_BYTES;
    this.askAtBytes = Math.min(this.judgeFromBytes, nextBytes);
    this.goOn();
  }

  /** @param isRead whether a look has shown that the client has read all but `queuedBytes` */
  private judge(queuedBytes: number, isRead: boolean, isClientFull: boolean): void {
    const takenBytes = this.writtenBytes - queuedBytes;
    const took = this.progress.took(takenBytes, isRead || this.phase === 'slow');
    const verdict = verdictOn(took, queuedBytes, this.windowBytes);
    // An unproven client's rate counts from the response's beginning: its kernel takes much of the first bytes.
    const countsOn = this.phase === 'unproven' && verdict === 'unknown' && this.progress.elapsedMs < MAX_COUNT_MS;
    if (!countsOn) this.progress.countFrom(takenBytes);
    if (this.phase === 'open' && verdict !== 'behind') return;
    if (verdict === 'fast') this.trust(TRUST_MS);
    else if (verdict === 'quick') this.keepsUp();
    else if (verdict === 'unknown') this.staysUnproven();
    else if (this.phase !== 'measured' && this.phase !== 'slow') this.measure();
    else if (took.bytes === 0 && !isClientFull) this.clientLook.ask(this.restMs); // its network stalls
    else this.fallsBehind(took);
  }

  /** From here on only a full socket causes a look, and none comes for this time. */
  private trust(forMs: number): void {
    this.phase = 'open';
    this.slow = null;
    this.steps.stop();
    this.trustedUntilMs = world.nowMs() + forMs;
    this.windowBytes = WINDOW_UPDATE_BYTES;
    this.grantedBytes = this.askAtBytes = this.stopAtBytes = Infinity;
    this.gate.open();
  }

  /** The client takes what comes, and much comes. */
  private keepsUp(): void {
    const wasSlow = this.slow !== null;
    if (this.windowBytes >= (wasSlow ? RECOVERY_BYTES : PROOF_BYTES)) return this.trust(0);
    if (!wasSlow) this.phase = 'starting';
    this.steps.everyMs = STEP_MS;
    this.grant(wasSlow ? 2 * this.windowBytes : PROOF_BYTES);
  }

  /** The client takes what comes, but little comes. It may still be a slow one: only a higher rate disproves that. */
  private staysUnproven(): void {
    if (this.slow !== null) {
      this.slow.tookAll(this.writtenBytes, this.view.intervalMs);
      return this.paceSlow(this.slow);
    }
    if (this.windowBytes >= PROOF_BYTES) return this.trust(0);
    this.phase = 'unproven';
    this.steps.everyMs = STEP_MS;
    this.grant(2 * this.windowBytes);
  }

  /** Bytes wait for the client. The next look tells its rate. */
  private measure(): void {
    const wasOpen = this.phase === 'open';
    this.phase = 'measured';
    if (wasOpen) this.clientLook.ask(this.restMs);
    else this.grant(WINDOW_UPDATE_BYTES);
  }

  private fallsBehind(took: Took): void {
    this.phase = 'slow';
    this.slow ??= new SlowReader(took.bytesPerMs, this.writtenBytes);
    this.slow.fellBehind(took, this.writtenBytes, this.view.intervalMs);
    this.paceSlow(this.slow);
  }

  private paceSlow(slow: SlowReader): void {
    this.steps.everyMs = slow.stepMs(STEP_BYTES, STEP_MS);
    this.windowBytes = slow.windowBytes;
    this.grantSlow(slow);
  }

  private grantSlow(slow: SlowReader): void {
    this.grantedBytes = slow.grantedBytes(this.progress.takenBytes, this.progress.elapsedMs);
    this.askAtBytes = this.grantedBytes - this.windowBytes / 2;
    this.goOn();
  }

  /** Grants one more window. A look follows when half of it is written. */
  private grant(windowBytes: number): void {
    this.windowBytes = windowBytes;
    this.grantedBytes = this.writtenBytes + windowBytes;
    this.askAtBytes = this.writtenBytes + windowBytes / 2;
    this.goOn();
  }

  private goOn(): void {
    this.stopAtBytes = this.nextStopBytes;
    if (!this.isStepping) this.steps.stop();
    if (this.writtenBytes >= this.grantedBytes) this.gate.shut();
    else if (!this.steps.isUnderWay) this.gate.open();
    if (this.writtenBytes >= this.askAtBytes) this.clientLook.ask(this.restMs);
  }
}

/** The size of a read in the free part, and for a client that was quick in an earlier response. */
const QUICK_READ_BYTES = 64 * 1024;
/** The distance between two looks at a client on this host that may just not have read yet. */
const EARLY_LOOK_BYTES = 32 * 1024;
/** A number of bytes after the free part that is larger than a client's first receive buffer. */
const START_BYTES = 80 * 1024;
/** A client that has also taken half of this keeps up: no further look while its socket takes everything. */
const PROOF_BYTES = 4 * 1024 * 1024;
/** The same for a client that was slow. Its buffers were full: it has read everything that it has taken since. */
const RECOVERY_BYTES = 1024 * 1024;
/** The longest time over which a rate is counted. An older rate says nothing about now. */
const MAX_COUNT_MS = 1000;
/** The time over which a client's rate is measured. */
const MEASURE_MS = 20;
/** While a client takes nothing, the next look comes after this part of that time: a mended cable is noticed soon. */
const REST_PART = 0.1;
const MAX_REST_MS = 1000;
/**
 * If looks are this rare, most responses would be over before the first one, or would go out in small pieces until
 * then. That happens on a host with tens of thousands of connections, including those that have just ended (TIME_WAIT).
 */
const RARE_LOOKS_MS = 1000;
/** The time without a look at a client that was found fast, even if its socket is full. */
const TRUST_MS = 1000;

/**
 * The known facts about the client:
 * - `free`: there was no look yet;
 * - `unproven`: it is not known to read quickly, or at all;
 * - `starting`: it leaves nothing unread;
 * - `measured`: bytes wait for it, and the next look tells its rate;
 * - `slow`: it has a window;
 * - `open`: it keeps up, or nothing can be known about it.
 */
type Phase = 'free' | 'unproven' | 'starting' | 'measured' | 'slow' | 'open';
