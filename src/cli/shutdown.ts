import type { Logger } from 'pino';
import type { ShutdownSettings } from '../config/config.js';
import type { Proxy } from '../relay/proxy.js';

/**
 * Ends the program in the way that clusters want it. Asked once, it still accepts connections for `shutdown.acceptFor`:
 * applications that are ended at the same time still connect, and who routes connections here needs a moment to notice.
 * Then it accepts no more, ends each session as soon as nothing is under way in it, and after `shutdown.timeout` those
 * that are left. A second signal ends everything at once. Who asks with SIGINT or `POST /quit` does not wait for new
 * connections.
 */
export class Shutdown {
  private phase: 'running' | 'accepting' | 'closing' = 'running';
  private signalCount = 0;
  private readonly timers: NodeJS.Timeout[] = [];

  private constructor(
    private readonly program: Stoppable,
    private readonly logger: Logger,
    private readonly onEnd: () => void,
  ) {}

  /** Resolves when the program has been asked to end, and its sessions have ended. */
  static async of(program: Stoppable, requests: StopRequests, logger: Logger): Promise<void> {
    return new Promise((resolve) => {
      const shutdown = new Shutdown(program, logger, () => {
        for (const timer of shutdown.timers) clearTimeout(timer);
        resolve();
      });
      requests.forEach((request) => shutdown.take(request));
    });
  }

  private take(request: StopRequest): void {
    const isSignal = request === 'SIGTERM' || request === 'SIGINT';
    if (isSignal) this.signalCount += 1;
    const isQuick = request === 'SIGINT' || request === 'POST /quit';
    if (isSignal && this.signalCount > 1) this.endNow({ signal: request });
    else if (this.phase === 'running') this.begin(request, isQuick);
    else if (this.phase === 'accepting' && isQuick) this.stopAccepting();
  }

  private begin(signal: StopRequest, isQuick: boolean): void {
    const { proxy, shutdown } = this.program;
    const { acceptForMs, timeoutMs } = shutdown;
    this.phase = 'accepting';
    this.program.markStopping();
    this.logger.info(
      { signal, sessions: proxy.sessionCount }, 'stopping when the sessions have ended, or at a second signal',
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
    this.logger.warn({ ...why, sessions: this.program.proxy.sessionCount }, 'stopping now: the sessions are ended');
    this.program.proxy.destroy();
    this.after(destroyTimeoutMs, this.onEnd);
  }

  private after(ms: number, then: () => void): void {
    this.timers.push(setTimeout(then, ms));
  }
}

// What ended sessions still have to record when everything is ended at once.
const destroyTimeoutMs = 1000;

/** What ends with the program. */
export interface Stoppable {
  readonly proxy: Pick<Proxy, 'sessionCount' | 'close' | 'endIdle' | 'destroy'>;
  readonly shutdown: ShutdownSettings;
  /** The program is about to end: it is not ready any more. */
  markStopping(): void;
}

/** What asks the program to end. */
export type StopRequest = 'SIGTERM' | 'SIGINT' | 'POST /drain' | 'POST /quit';

/** Gathers what asks the program to end, also before anybody listens to it. */
export class StopRequests {
  private readonly arrived: StopRequest[] = [];
  private listener: ((request: StopRequest) => void) | null = null;

  /** From here on, SIGTERM and SIGINT no longer end the process by themselves. */
  constructor() {
    process.on('SIGTERM', () => this.add('SIGTERM'));
    process.on('SIGINT', () => this.add('SIGINT'));
  }

  add(request: StopRequest): void {
    if (this.listener === null) this.arrived.push(request);
    else this.listener(request);
  }

  /** Hands on each request, in the order in which they come. */
  forEach(listener: (request: StopRequest) => void): void {
    this.listener = listener;
    for (const request of this.arrived.splice(0)) listener(request);
  }
}
