import type { Process } from './processList.js';
import type { Remote } from './controlConnection.js';
import type { Timer } from '../world/time.js';
import { world } from '../world/world.js';

/** A kill from its request to its outcome. It can be called off until the order is sent; then no order is sent. */
export class PendingKill {
  readonly outcome: Promise<KillOutcome>;
  private resolve!: (outcome: KillOutcome) => void;
  private state: 'waiting' | 'sent' | 'settled' = 'waiting';
  private readonly timer: Timer;
  private readonly onAbort = (): void => this.callOff('withdrawn');

  /**
   * @param maxWaitingMs the most time until the order is sent
   * @param onLate is called when that time is over; the kill has then failed
   * @param signal withdraws the kill
   */
  constructor(
    readonly target: KillTarget,
    maxWaitingMs: number,
    onLate: () => void,
    private readonly signal: AbortSignal | null,
  ) {
    this.outcome = new Promise((resolve) => {
      this.resolve = resolve;
    });
    this.timer = world.after(maxWaitingMs, () => {
      this.callOff('failed');
      onLate();
    });
    signal?.addEventListener('abort', this.onAbort, { once: true });
    if (signal?.aborted) this.callOff('withdrawn');
  }

  get isSent(): boolean {
    return this.state === 'sent';
  }

  get isSettled(): boolean {
    return this.state === 'settled';
  }

  /** Marks the order as sent. From here on only the server's answer settles the kill. */
  markSent(): void {
    this.state = 'sent';
    world.cancel(this.timer);
  }

  /** Settles the kill, unless the order has been sent. */
  callOff(outcome: KillOutcome): void {
    if (!this.isSent) this.settle(outcome);
  }

  /** The first outcome counts. */
  settle(outcome: KillOutcome): void {
    if (this.isSettled) return;
    this.state = 'settled';
    world.cancel(this.timer);
    this.signal?.removeEventListener('abort', this.onAbort);
    this.resolve(outcome);
  }
}

/**
 * The outcome of a kill. Only after `unknown` may a statement still be killed later.
 * - `killed`: the server has accepted the order; the statement's response ends soon, mostly with an error
 * - `no-match`: nothing was killed, because the connection runs nothing, belongs to another client, or is not visible
 * - `withdrawn`: nothing was killed, because the kill was called off
 * - `failed`: nothing was killed, because the server could not be asked or has refused
 * - `unknown`: the order was sent and not answered. The session has to close the connection of the statement: otherwise
 *   the order may hit the next statement there.
 */
export type KillOutcome = 'killed' | 'no-match' | 'withdrawn' | 'failed' | 'unknown';

/** The connection whose statement is to be killed. */
export interface KillTarget extends Process {
  /** The server to which the session is connected. */
  readonly remote: Remote;
}
