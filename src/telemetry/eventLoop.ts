import { monitorEventLoopDelay, type IntervalHistogram } from 'node:perf_hooks';
import type { Timer } from '../world/time.js';
import { world } from '../world/world.js';

/** The delay of the event loop in a time window, in seconds. */
export interface LoopDelay {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

const RESOLUTION_MS = 20;
const WINDOW_MS = 15_000;
const NANOSECONDS = 1e9;

/**
 * Measures how late timers fire: the time that a session waits for the work of others. It reports the last complete
 * window, so that several scrapers see the same values.
 */
export class EventLoopWatch {
  private readonly histogram: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  private readonly timer: Timer;
  private last: LoopDelay | null = null;

  constructor() {
    this.histogram.enable();
    this.timer = world.every(WINDOW_MS, () => {
      this.last = this.read();
      this.histogram.reset();
    }).unref();
  }

  get delay(): LoopDelay {
    return this.last ?? this.read();
  }

  stop(): void {
    world.cancel(this.timer);
    this.histogram.disable();
  }

  /** The histogram measures the time between two ticks. The part beyond its resolution is the delay. */
  private read(): LoopDelay {
    const late = (nanoseconds: number): number => Math.max(0, nanoseconds / NANOSECONDS - RESOLUTION_MS / 1000) || 0;
    const { histogram } = this;
    return { p50: late(histogram.percentile(50)), p99: late(histogram.percentile(99)), max: late(histogram.max) };
  }
}
