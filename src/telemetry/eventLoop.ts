import { monitorEventLoopDelay, type IntervalHistogram } from 'node:perf_hooks';

/** How late the event loop was in some seconds, in seconds. */
export interface LoopDelay {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

const RESOLUTION_MS = 20;
const WINDOW_MS = 15_000;
const NANOSECONDS = 1e9;

/**
 * Measures how late timers fire: what other sessions' work makes a session wait. Tells of the last window that is full,
 * so that several scrapers see the same.
 */
export class EventLoopWatch {
  private readonly histogram: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  private readonly timer: NodeJS.Timeout;
  private last: LoopDelay | null = null;

  constructor() {
    this.histogram.enable();
    this.timer = setInterval(() => {
      this.last = this.read();
      this.histogram.reset();
    }, WINDOW_MS).unref();
  }

  get delay(): LoopDelay {
    return this.last ?? this.read();
  }

  stop(): void {
    clearInterval(this.timer);
    this.histogram.disable();
  }

  /** What the histogram measures is the time between two ticks; the part beyond its resolution is the delay. */
  private read(): LoopDelay {
    const late = (nanoseconds: number): number => Math.max(0, nanoseconds / NANOSECONDS - RESOLUTION_MS / 1000) || 0;
    const { histogram } = this;
    return { p50: late(histogram.percentile(50)), p99: late(histogram.percentile(99)), max: late(histogram.max) };
  }
}
