import { world } from '../world/world.js';

/** Decides which of the events that may happen very often are told: at most one of each kind per period. */
export class Occasions {
  private readonly kinds = new Map<string, { toldAtMs: number; leftOut: number }>();

  /** @param everyMs the least time between two events of one kind that are told */
  constructor(private readonly everyMs: number) {}

  /**
   * An event has happened.
   * @param kind one of a bounded number
   * @returns the number of events of its kind that were left out before it; null if it is left out as well
   */
  next(kind: string): number | null {
    const nowMs = world.nowMs();
    const last = this.kinds.get(kind);
    if (last !== undefined && nowMs - last.toldAtMs < this.everyMs) {
      last.leftOut += 1;
      return null;
    }
    this.kinds.set(kind, { toldAtMs: nowMs, leftOut: 0 });
    return last?.leftOut ?? 0;
  }

  /** Forgets all other kinds. */
  retain(kinds: ReadonlySet<string>): void {
    for (const kind of this.kinds.keys()) if (!kinds.has(kind)) this.kinds.delete(kind);
  }
}
