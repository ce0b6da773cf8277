import { EventLoopWatch, type LoopDelay } from '../eventLoop.js';
import type { Family } from '../familyList.js';
import type { Item } from './itemQueue.js';
import { metricsItem } from './metrics.js';
import type { Timer } from '../../world/time.js';
import { world } from '../../world/world.js';

/** Reads the metrics at an interval, and passes each reading on. */
export class MetricReader {
  private readonly loop = new EventLoopWatch();
  private timer: Timer | null = null;
  private isStopped = false;

  constructor(private readonly parts: ReaderParts, private everyMs: number) {
    this.schedule();
  }

  /** Sets the interval between readings, in ms. */
  set intervalMs(ms: number) {
    if (ms === this.everyMs) return;
    this.everyMs = ms;
    world.cancel(this.timer);
    this.schedule();
  }

  /** Reads once. */
  async read(): Promise<void> {
    try {
      const families = await this.parts.read(this.loop.delay);
      const item = metricsItem(families, world.dateMs());
      if (item.count > 0 && !this.isStopped) this.parts.take(item);
    } catch (error) {
      this.parts.failed(error);
    }
  }

  stop(): void {
    this.isStopped = true;
    world.cancel(this.timer);
    this.loop.stop();
  }

  private schedule(): void {
    this.timer = world.after(this.everyMs, () => {
      void this.read().then(() => {
        if (!this.isStopped) this.schedule();
      });
    }).unref();
  }
}

/** The source of a reader, and the receiver of its readings. */
export interface ReaderParts {
  /** The metrics of all processes; none before the program has started. */
  read(loopDelay: LoopDelay): readonly Family[] | Promise<readonly Family[]>;
  take(item: Item): void;
  /** The metrics could not be read. */
  failed(error: unknown): void;
}
