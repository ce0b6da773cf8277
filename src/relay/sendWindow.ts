import { ClientLook, type LookObserver, type QueueView } from './clientLook.js';
import type { SocketQueues } from './socketQueues.js';

/** So much of a response goes out before anything is asked. */
const FREE_BYTES = 64 * 1024;
/**
 * Then so much is read at a time, until the client is known to read, and for a slow client always: Linux makes a receive
 * buffer as large as what is read of it within a round trip, and lets the server's send buffer grow with it.
 */
const STEP_BYTES = 16 * 1024;
const STEP_MS = 1;
/** A slow client's steps come as fast as it takes them, and a little faster. */
const STEP_AHEAD = 1.25;
/** So much is more than a client's receive buffer holds at first: where none of it waits, the client reads. */
const START_BYTES = 160 * 1024;
/** A client that has taken half of this, too, keeps up: it is not looked at again while its socket takes all. */
const PROOF_BYTES = 4 * 1024 * 1024;
/** What a slow reader's window never falls below. */
const MIN_WINDOW_BYTES = 32 * 1024;
/** A client's kernel takes so much in one step, however slowly the client reads: that is no rate. */
const WINDOW_UPDATE_BYTES = 64 * 1024;
/** Who reads a response so fast, with the time until its next command, is no slow reader. */
const QUICK_BYTES_PER_MS = 400;
/** Who takes so much in a ms empties the largest send buffer within half a second: no server gives such a client up. */
const FAST_BYTES_PER_MS = 8192;
/** While more waits than the window, so much goes on for what the client takes: the server must see that it gets on. */
const REFILL = 0.75;
/** How long a client's rate is measured. */
const MEASURE_MS = 20;
/** How often a slow reader is looked at, at the most; a reader that takes nothing at all is looked at less and less. */
const LOOK_EVERY_MS = 50;
const MAX_LOOK_EVERY_MS = 1000;
/** In less than this part of the looks, something to read at the client's side says that it is the network that is slow. */
const LEAST_PART_FULL = 0.25;
/** For so long a client that was found fast is not looked at again when its socket is full. */
const TRUST_MS = 1000;

/**
 * What is known of the client:
 * - `free`: nothing was asked yet;
 * - `starting`: it does not seem to leave anything unread; `unproven`: it does, or that cannot be seen;
 * - `measured`: something waits for it; the next look tells its rate;
 * - `slow`: it has a window;
 * - `open`: it keeps up, or nothing can be known of it.
 */
type Phase = 'free' | 'starting' | 'unproven' | 'measured' | 'slow' | 'open';

/**
 * How much may be written to a client that its kernel has not taken: a slow start with proof, as TCP's own.
 *
 *     [0, takenBytes) with the client · [takenBytes, writtenBytes) in our kernel · [writtenBytes, grantedBytes) may be written
 *
 * A server gives a client up when it cannot write for `net_write_timeout`, and Linux lets it write only once a third of its
 * send buffer is free. A relay that reads as fast as it can makes every buffer on the way grow, for good, before the first
 * of them is full; then a slow reader empties them too slowly for the server. So nothing is read ahead of a slow reader but
 * a small window, and the server sees nearly what it would see of that client.
 *
 * A fast reader pays for three looks in a session. From the proof on only a socket that does not take what it is given
 * (`filled`) begins it anew. One that cannot be seen to read, for it is on another host, gets 16 KiB a ms between the first
 * 64 KiB and the first 160: what is read faster lets the server's connection grow, for good.
 */
export class SendWindow implements LookObserver {
  private phase: Phase = 'free';
  /** Bytes that were written all in all. */
  private writtenBytes = 0;
  /** Bytes that the client's kernel had taken at the last look. */
  private takenBytes = 0;
  private lookedAtMs = 0;
  /** Looks since the response began that found something waiting, and those of them at which the client had something to read. */
  private looks = 0;
  private fullLooks = 0;
  private grantedBytes = FREE_BYTES;
  /** Once so much has been written, the client is looked at. */
  private askAtBytes = FREE_BYTES;
  /** Once so much has been written, something is to be done. */
  private stopAtBytes = FREE_BYTES;
  private windowBytes = FREE_BYTES;
  /** Where the response that is under way began, in bytes written, and when. */
  private startBytes = 0;
  private startMs = 0;
  /** Where writing would be if a slow client had always got three quarters of what it took. */
  private refilledBytes = 0;
  /** What a slow client takes, smoothed. */
  private bytesPerMs = 0;
  private stepMs = STEP_MS;
  private lookEveryMs = LOOK_EVERY_MS;
  private trustedUntilMs = 0;
  private isShutNow = false;
  private isClosed = false;
  private stepTimer: NodeJS.Timeout | null = null;
  private readonly clientLook: ClientLook;

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
  }

  /** Nothing may be written until the client has taken more. */
  get isShut(): boolean {
    return this.isShutNow;
  }

  /** As far as was seen, the client had something to read whenever something waited for it: it is not the network that is slow. */
  get isClientWaitedFor(): boolean {
    return this.fullLooks >= LEAST_PART_FULL * this.looks;
  }

  /** How much of what goes to the client is worth reading at once, in bytes. */
  get readBytes(): number {
    switch (this.phase) {
      case 'open':
        return Infinity;
      case 'free':
      case 'starting':
        return FREE_BYTES;
      default:
        return STEP_BYTES;
    }
  }

  /** So much has been written all in all. */
  wrote(writtenBytes: number): void {
    this.writtenBytes = writtenBytes;
    if (writtenBytes >= this.stopAtBytes) this.reached();
  }

  /** The client has asked for something new when all was answered: so it has taken all that was written. */
  restart(): void {
    if (this.phase === 'open' || this.isShutNow) return;
    const nowMs = this.now();
    const responseBytes = this.writtenBytes - this.startBytes;
    const isQuick = responseBytes >= FREE_BYTES && responseBytes >= QUICK_BYTES_PER_MS * (nowMs - this.startMs);
    this.startBytes = this.writtenBytes;
    this.startMs = nowMs;
    this.looks = this.fullLooks = 0;
    this.phase = 'free';
    if (isQuick) this.trust(0);
    else this.grant(FREE_BYTES, FREE_BYTES);
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
    if (this.stepTimer !== null) clearTimeout(this.stepTimer);
  }

  private reached(): void {
    if (this.writtenBytes >= this.grantedBytes || this.isStepping) this.shut();
    if (this.writtenBytes < this.grantedBytes && this.isStepping) this.stepTimer ??= setTimeout(() => this.step(), this.stepMs);
    if (this.writtenBytes >= this.askAtBytes) this.clientLook.ask(this.restMs);
    else this.stopAtBytes = this.nextStopBytes;
  }

  /** What is granted goes out bit by bit. */
  private get isStepping(): boolean {
    return this.phase === 'unproven' || this.phase === 'slow';
  }

  private get nextStopBytes(): number {
    return this.isStepping ? Math.min(this.askAtBytes, this.writtenBytes + STEP_BYTES) : this.askAtBytes;
  }

  private step(): void {
    this.stepTimer = null;
    this.goOn();
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
    const sinceMs = this.now() - this.lookedAtMs;
    if (this.phase === 'slow') return this.lookEveryMs - sinceMs;
    return this.phase === 'measured' ? MEASURE_MS - sinceMs : 0;
  }

  seen({ unacknowledgedBytes, unreadBytes, isClientFull }: SocketQueues): void {
    if ((unacknowledgedBytes ?? 0) > 0) {
      this.looks += 1;
      // Where what it has not read can be seen, it is on this host, and no network is in between.
      this.fullLooks += Number(isClientFull || unreadBytes !== null);
    }
    if (unacknowledgedBytes === null) this.trust(Infinity);
    else if (this.phase === 'free') this.begin(unreadBytes === null ? Infinity : unacknowledgedBytes + unreadBytes);
    else this.judge(unacknowledgedBytes + this.view.pendingBytes);
  }

  /** A client that was not found slow does not wait for a look. */
  isLate(): void {
    if (this.isShutNow && this.phase !== 'slow') this.grant(2 * this.windowBytes);
  }

  /**
   * The response is larger than what goes out freely.
   * @param unreadBytes what the client has not read of it; Infinity where that cannot be seen
   */
  private begin(unreadBytes: number): void {
    this.lookedAtMs = this.now();
    this.phase = unreadBytes < STEP_BYTES ? 'starting' : 'unproven';
    this.grant(START_BYTES, START_BYTES - FREE_BYTES);
  }

  /** @param queuedBytes what the client's kernel has not taken */
  private judge(queuedBytes: number): void {
    const tookBytes = Math.max(0, this.writtenBytes - queuedBytes - this.takenBytes);
    const rateBytes = this.phase === 'slow' ? tookBytes : Math.max(0, tookBytes - WINDOW_UPDATE_BYTES);
    const bytesPerMs = rateBytes / Math.max(1, this.now() - this.lookedAtMs);
    this.takenBytes += tookBytes;
    this.lookedAtMs = this.now();
    if (queuedBytes <= Math.max(STEP_BYTES, this.windowBytes / 4)) this.keepsUp();
    else if (this.phase !== 'measured' && this.phase !== 'slow') this.measure();
    else if (bytesPerMs >= FAST_BYTES_PER_MS) this.trust(TRUST_MS);
    else this.fallsBehind(tookBytes, bytesPerMs);
  }

  /** The client's socket alone says when it is full; nobody is asked again for so long. */
  private trust(forMs: number): void {
    this.phase = 'open';
    this.trustedUntilMs = this.now() + forMs;
    this.windowBytes = WINDOW_UPDATE_BYTES;
    this.grantedBytes = this.askAtBytes = this.stopAtBytes = Infinity;
    this.open();
  }

  private keepsUp(): void {
    if (this.phase === 'open') return;
    if (this.windowBytes >= PROOF_BYTES) this.trust(0);
    else if (this.phase === 'slow') {
      this.lookEveryMs = MEASURE_MS;
      this.stepMs = STEP_MS;
      this.grant(2 * this.windowBytes);
    } else {
      this.phase = 'starting';
      this.grant(PROOF_BYTES);
    }
  }

  /** Something waits for the client: how fast it takes that, the next look tells. */
  private measure(): void {
    const wasOpen = this.phase === 'open';
    this.phase = 'measured';
    this.lookEveryMs = LOOK_EVERY_MS;
    if (wasOpen) this.clientLook.ask(this.restMs);
    else this.grant(WINDOW_UPDATE_BYTES);
  }

  private fallsBehind(tookBytes: number, bytesPerMs: number): void {
    const wasSlow = this.phase === 'slow';
    this.bytesPerMs = wasSlow ? (this.bytesPerMs + bytesPerMs) / 2 : bytesPerMs;
    if (!wasSlow) this.refilledBytes = this.writtenBytes;
    this.phase = 'slow';
    this.stepMs = Math.min(LOOK_EVERY_MS, Math.max(STEP_MS, STEP_BYTES / (STEP_AHEAD * this.bytesPerMs)));
    this.lookEveryMs = tookBytes > 0 ? LOOK_EVERY_MS : Math.min(2 * this.lookEveryMs, MAX_LOOK_EVERY_MS);
    const untilNextMs = Math.max(this.view.intervalMs, LOOK_EVERY_MS);
    this.windowBytes = Math.max(MIN_WINDOW_BYTES, 2 * this.bytesPerMs * untilNextMs);
    this.refilledBytes = Math.min(this.refilledBytes + REFILL * tookBytes, this.writtenBytes + this.windowBytes);
    this.grantedBytes = Math.max(this.takenBytes + this.windowBytes, this.refilledBytes);
    this.askAtBytes = this.grantedBytes - this.windowBytes / 2;
    this.goOn();
  }

  /** Lets a window more be written, and looks at the client once `askBytes` of it are. */
  private grant(windowBytes: number, askBytes = windowBytes / 2): void {
    this.windowBytes = windowBytes;
    this.grantedBytes = this.writtenBytes + windowBytes;
    this.askAtBytes = this.writtenBytes + askBytes;
    this.goOn();
  }

  private goOn(): void {
    this.stopAtBytes = this.nextStopBytes;
    if (this.writtenBytes < this.grantedBytes) this.open();
    else this.shut();
    if (this.writtenBytes >= this.askAtBytes) this.clientLook.ask(this.restMs);
  }
}
