import type { Logger } from 'pino';
import { world } from '../world/world.js';

/**
 * Warns of events that may happen very often: at most one line of each kind per period, with the number of lines left
 * out.
 */
export class OccasionalLog {
  private readonly kinds = new Map<string, { saidAtMs: number; suppressed: number }>();

  /** @param everyMs the least time between two lines of one kind */
  constructor(private readonly log: Logger, private readonly everyMs: number) {}

  /**
   * @param kind one of a few constants; `details` must hold no secret
   * @returns whether the line is in the log, and not left out
   */
  warn(kind: string, details: object, message: string): boolean {
    const nowMs = world.nowMs();
    const last = this.kinds.get(kind);
    if (last !== undefined && nowMs - last.saidAtMs < this.everyMs) {
      last.suppressed += 1;
      return false;
    }
    this.kinds.set(kind, { saidAtMs: nowMs, suppressed: 0 });
    this.log.warn(last?.suppressed ? { ...details, suppressed: last.suppressed } : details, message);
    return true;
  }
}
