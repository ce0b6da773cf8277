import { world } from '../world/world.js';

/** Throttles reports of events that may happen very often: at most one of each kind per period is reported. */
export class Occasions {
  private readonly kinds = new Map<string, { reportedAtMs: number; leftOut: number }>();

  /** @param everyMs the least time between two reports of one kind */
  constructor(private readonly everyMs: number) {}

  /**
   * Notes an event.
   * @param kind one of a bounded number
   * @returns the number of events of its kind that were left out before it; null if it is left out as well
   */
  next(kind: string): number | null {
    const nowMs = world.nowMs();
    const last = this.kinds.get(kind);
    if (last !== undefined && nowMs - last.reportedAtMs < this.everyMs) {
      last.leftOut += 1;
      return null;
    }
    this.kinds.set(kind, { reportedAtMs: nowMs, leftOut: 0 });
    return last?.leftOut ?? 0;
  }

  /** Forgets all other kinds. */
  retain(kinds: ReadonlySet<string>): void {
    for (const kind of this.kinds.keys()) if (!kinds.has(kind)) this.kinds.delete(kind);
  }
}
