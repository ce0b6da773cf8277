/** Counts cuts over time, in a fixed number of time slots up to now. */
export class Timeline {
  private readonly cuts: Float64Array;
  private readonly wouldCuts: Float64Array;
  /** The number of the current slot, counted since 1970. */
  private current = 0;
  /** Added to a slot's number, it gives the slot's index. */
  private shift = 0;

  constructor(private readonly slotMs: number, private readonly slotCount: number) {
    this.cuts = new Float64Array(slotCount);
    this.wouldCuts = new Float64Array(slotCount);
  }

  /** @param atMs the time of day, in ms since 1970 */
  add(fate: 'cut' | 'would-cut', atMs: number): void {
    const counts = fate === 'cut' ? this.cuts : this.wouldCuts;
    counts[this.moveTo(atMs)]! += 1;
  }

  /** The slots up to now, the oldest first. */
  slots(nowMs: number): Slot[] {
    this.moveTo(nowMs);
    return Array.from({ length: this.slotCount }, (_, back) => {
      const slot = this.current - this.slotCount + 1 + back;
      const index = this.placeOf(slot);
      return { fromMs: slot * this.slotMs, cuts: this.cuts[index]!, wouldCuts: this.wouldCuts[index]! };
    });
  }

  /**
   * Empties the slots between the last event and now. If the clock has gone back a little, counting continues in the
   * last slot. If it has gone back by more than all slots, it was wrong before, and the slots move with it: the last
   * one is that of now.
   */
  private moveTo(atMs: number): number {
    const now = Math.floor(atMs / this.slotMs);
    if (now <= this.current - this.slotCount) {
      this.shift += this.current - now;
      this.current = now;
    }
    const slot = Math.max(this.current, now);
    const passed = Math.min(slot - this.current, this.slotCount);
    for (let i = 0; i < passed; i += 1) {
      const index = this.placeOf(slot - i);
      this.cuts[index] = 0;
      this.wouldCuts[index] = 0;
    }
    this.current = slot;
    return this.placeOf(slot);
  }

  private placeOf(slot: number): number {
    const { slotCount } = this;
    return (((slot + this.shift) % slotCount) + slotCount) % slotCount;
  }
}

/** Adds up the slots of several timelines of the same kind, up to the same time. */
export function mergeSlots(timelines: readonly (readonly Slot[])[]): Slot[] {
  const merged = new Map<number, Slot>();
  for (const { fromMs, cuts, wouldCuts } of timelines.flat()) {
    const known = merged.get(fromMs);
    merged.set(fromMs, { fromMs, cuts: cuts + (known?.cuts ?? 0), wouldCuts: wouldCuts + (known?.wouldCuts ?? 0) });
  }
  return [...merged.values()].sort((one, other) => one.fromMs - other.fromMs);
}

/** The events of one time slot. */
export interface Slot {
  /** The time at which it begins, in ms. */
  readonly fromMs: number;
  readonly cuts: number;
  readonly wouldCuts: number;
}
