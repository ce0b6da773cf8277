import type { Process } from './processList.js';
import type { Remote } from './controlConnection.js';

/**
 * A kill from the wish to the outcome. Until the order is sent it can be called off, and then nothing is sent
 * any more.
 */
export class PendingKill {
  readonly outcome: Promise<KillOutcome>;
  private resolve!: (outcome: KillOutcome) => void;
  private state: 'waiting' | 'sent' | 'settled' = 'waiting';
  private readonly timer: NodeJS.Timeout;
  private readonly onAbort = (): void => this.callOff('withdrawn');

  /**
   * @param maxWaitingMs how long it may take until the order is sent
   * @param onLate is called when it took longer; the kill has failed then
   * @param signal withdraws it
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
    this.timer = setTimeout(() => {
      this.callOff('failed');
      onLate();
    }, maxWaitingMs);
    signal?.addEventListener('abort', this.onAbort, { once: true });
    if (signal?.aborted) this.callOff('withdrawn');
  }

  get isSent(): boolean {
    return this.state === 'sent';
  }

  get isSettled(): boolean {
    return this.state === 'settled';
  }

  /** The order goes out now: from here on only the server's answer settles it. */
  markSent(): void {
    this.state = 'sent';
    clearTimeout(this.timer);
  }

  /** Settles it, unless the order has been sent. */
  callOff(outcome: KillOutcome): void {
    if (!this.isSent) this.settle(outcome);
  }

  /** The first outcome counts. */
  settle(outcome: KillOutcome): void {
    if (this.isSettled) return;
    this.state = 'settled';
    clearTimeout(this.timer);
    this.signal?.removeEventListener('abort', this.onAbort);
    this.resolve(outcome);
  }
}

/**
 * How a kill went. Only after `unknown` may a statement still be killed later.
 * - `killed`: the server has taken the order; the statement's response ends by itself, mostly with an error
 * - `no-match`: nothing was killed, since the connection runs nothing, is another one, or is not to be seen
 * - `withdrawn`: nothing was killed, since the caller did not want it any more
 * - `failed`: nothing was killed, since the server could not be asked or has refused
 * - `unknown`: the order was sent and never answered. Whoever asked has to close the connection that it was
 *   meant for: otherwise it may hit the statement that runs there next
 */
export type KillOutcome = 'killed' | 'no-match' | 'withdrawn' | 'failed' | 'unknown';

/** The connection whose statement is to be killed. */
export interface KillTarget extends Process {
  /** The very server that the session is connected to. */
  readonly remote: Remote;
}
