import type { Logger } from 'pino';
import type { ShutdownSettings } from '../config/config.js';
import type { Proxy } from '../relay/proxy.js';
import type { Timer } from '../world/time.js';
import { world } from '../world/world.js';

/**
 * Ends the program in a way that suits clusters. After the first request it still accepts connections for
 * `shutdown.acceptFor`: applications that end at the same time still connect, and load balancers need a moment to
 * notice. Then it accepts no more, and ends each session as soon as nothing is under way in it. After
 * `shutdown.timeout` it ends the remaining sessions. A second signal ends everything at once. SIGINT and `POST /quit`
 * skip the time for new connections, and so does the end of the command of `sluice run`.
 */
export class Shutdown {
  private phase: 'running' | 'accepting' | 'closing' = 'running';
  private signalCount = 0;
  /** The end of `shutdown.timeout`, on the clock `world.nowMs`. */
  private endAtMs = 0;
  private readonly timers: Timer[] = [];

  private constructor(
    private readonly program: Stoppable,
    private readonly logger: Logger,
    private readonly onEnd: () => void,
  ) {}

  /**
   * Resolves after the program was asked to end and its sessions have ended.
   * @returns the rest of `shutdown.timeout`, in ms: 0 or less if everything was ended at once
   */
  static async of(program: Stoppable, requests: StopRequests, logger: Logger): Promise<number> {
    return new Promise((resolve) => {
      const shutdown = new Shutdown(program, logger, () => {
        for (const timer of shutdown.timers) world.cancel(timer);
        resolve(shutdown.endAtMs - world.nowMs());
      });
      requests.forEach((request) => shutdown.take(request));
    });
  }

  private take(request: StopRequest): void {
    const isSignal = request === 'SIGTERM' || request === 'SIGINT';
    if (isSignal) this.signalCount += 1;
    const isQuick = QUICK.includes(request);
    if (isSignal && this.signalCount > 1) this.endNow({ signal: request });
    else if (this.phase === 'running') this.begin(request, isQuick);
    else if (this.phase === 'accepting' && isQuick) this.stopAccepting();
  }

  private begin(signal: StopRequest, isQuick: boolean): void {
    const { proxy, shutdown } = this.program;
    const { acceptForMs, timeoutMs } = shutdown;
    this.phase = 'accepting';
    this.endAtMs = world.nowMs() + timeoutMs;
    this.program.markStopping();
    this.logger.info(
      { signal, sessions: proxy.sessionCount }, 'stopping when all sessions have ended, or at a second signal',
    );
    this.after(timeoutMs, () => this.endNow({ timeoutMs }));
    if (isQuick || acceptForMs === 0) this.stopAccepting();
    else this.after(acceptForMs, () => this.stopAccepting());
  }

  private stopAccepting(): void {
    if (this.phase === 'closing') return;
    this.phase = 'closing';
    const { proxy } = this.program;
    void proxy.close().then(this.onEnd);
    this.logger.info(
      { sessions: proxy.sessionCount }, 'no longer accepting: sessions are ended when nothing is under way in them',
    );
    proxy.endIdle();
  }

  private endNow(why: { readonly signal: StopRequest } | { readonly timeoutMs: number }): void {
    this.stopAccepting();
    this.endAtMs = 0;
    this.logger.warn({ ...why, sessions: this.program.proxy.sessionCount }, 'stopping now: the sessions are ended');
    this.program.proxy.destroy();
    this.after(DESTROY_TIMEOUT_MS, this.onEnd);
  }

  private after(ms: number, then: () => void): void {
    this.timers.push(world.after(ms, then));
  }
}

// The time for the last records of sessions when everything ends at once.
const DESTROY_TIMEOUT_MS = 1000;

/** The parts that the shutdown ends. */
export interface Stoppable {
  readonly proxy: Pick<Proxy, 'sessionCount' | 'close' | 'endIdle' | 'destroy'>;
  readonly shutdown: ShutdownSettings;
  /** Marks the program as stopping: it is no longer ready. */
  markStopping(): void;
}

/** The sources of a request to end the program. */
export type StopRequest = 'SIGTERM' | 'SIGINT' | 'POST /drain' | 'POST /quit' | 'the command has ended';

/** The requests after which no client is expected any more. */
const QUICK: readonly StopRequest[] = ['SIGINT', 'POST /quit', 'the command has ended'];

/** Collects requests to end the program, even before there is a listener. */
export class StopRequests {
  private readonly arrived: StopRequest[] = [];
  private listener: ((request: StopRequest) => void) | null = null;

  /** Takes over SIGTERM and SIGINT: from here on they no longer end the process by themselves. */
  constructor() {
    process.on('SIGTERM', () => this.add('SIGTERM'));
    process.on('SIGINT', () => this.add('SIGINT'));
  }

  add(request: StopRequest): void {
    if (this.listener === null) this.arrived.push(request);
    else this.listener(request);
  }

  /** Calls back with each request, in order. */
  forEach(listener: (request: StopRequest) => void): void {
    this.listener = listener;
    for (const request of this.arrived.splice(0)) listener(request);
  }
}
