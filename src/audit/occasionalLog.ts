import type { Logger } from 'pino';
import { Occasions } from './occasions.js';

/**
 * Warns of events that may happen very often: at most one line of each kind per period, with the number of lines left
 * out.
 */
export class OccasionalLog {
  private readonly occasions: Occasions;

  /** @param everyMs the least time between two lines of one kind */
  constructor(private readonly log: Logger, everyMs: number) {
    this.occasions = new Occasions(everyMs);
  }

  /**
   * @param kind one of a few constants; `details` must hold no secret
   * @returns whether the line is in the log, and not left out
   */
  warn(kind: string, details: object, message: string): boolean {
    const suppressed = this.occasions.next(kind);
    if (suppressed === null) return false;
    this.log.warn(suppressed > 0 ? { ...details, suppressed } : details, message);
    return true;
  }
}
