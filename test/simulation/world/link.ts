import { KernelSocket, type Address, type BufferSizes } from './kernelSocket.js';
import type { Random } from './random.js';
import type { Scheduler } from './scheduler.js';
import { Wire, type WireTraits } from './wire.js';

/** A TCP connection between two ends, and what happens to it on the way. */
export class Link {
  /** The end that has connected. */
  readonly from: KernelSocket;
  /** The end that was accepted. */
  readonly to: KernelSocket;
  private readonly there: Wire;
  private readonly back: Wire;

  constructor(
    readonly number: number, private readonly scheduler: Scheduler, random: Random, from: Address, to: Address,
    { wire, fromSizes, toSizes }: LinkTraits,
  ) {
    this.there = new Wire(scheduler, random.fork('there'), wire);
    this.back = new Wire(scheduler, random.fork('back'), wire);
    this.from = new KernelSocket({ local: from, remote: to }, fromSizes, this.there, random.fork('from'));
    this.to = new KernelSocket({ local: to, remote: from }, toSizes, this.back, random.fork('to'));
  }

  /** The connection is established. */
  establish(): void {
    this.from.join(this.to);
  }

  /** Whether the program of either end has it open, or bytes of it are still to go out. */
  get isGone(): boolean {
    return this.from.isGone && this.to.isGone;
  }

  /** Nothing arrives in either direction for this long. */
  stall(ms: number): void {
    for (const wire of [this.there, this.back]) wire.stall(ms);
  }

  /** From now on it carries bytes in another way. */
  become(traits: Partial<WireTraits>): void {
    for (const wire of [this.there, this.back]) wire.traits = { ...wire.traits, ...traits };
  }

  /** Something in between resets the connection at both ends. */
  reset(): void {
    for (const end of [this.from, this.to]) end.resetArrived();
  }

  /**
   * The cable is cut: nothing arrives any more, and nobody says so. After long an end notices it, if it asks for signs
   * of life, or waits for an acknowledgement.
   */
  cut(): void {
    for (const wire of [this.there, this.back]) wire.cut();
    for (const end of [this.from, this.to]) this.timeOut(end);
  }

  private timeOut(end: KernelSocket): void {
    const ms = end.keepsAlive ? KEEP_ALIVE_MS : RETRANSMISSION_MS;
    this.scheduler.after(ms, () => {
      if (end.isBroken || end.isGone) return;
      if (end.keepsAlive || end.unacknowledgedBytes > 0 || end.isClosed) end.fail('ETIMEDOUT');
      else this.timeOut(end);
    }, end.keepsAlive);
  }
}

/** Linux asks for signs of life nine times, each 75 s after the last. (tcp(7).) The time before that is 30 s. */
const KEEP_ALIVE_MS = 30_000 + 9 * 75_000;
/** The time after which Linux gives an unacknowledged segment up. (tcp(7), tcp_retries2.) */
const RETRANSMISSION_MS = 924_600;

/** The properties of a connection. */
export interface LinkTraits {
  readonly wire: WireTraits;
  /** The buffers of the end that connects. */
  readonly fromSizes: BufferSizes;
  /** The buffers of the end that accepts. */
  readonly toSizes: BufferSizes;
}
