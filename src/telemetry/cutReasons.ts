/** Counts cuts and would-be cuts by their rule and reason. */
export class CutReasons {
  private readonly counts = new Map<string, { rule: string; reason: string; cuts: number; wouldCuts: number }>();

  add(fate: 'cut' | 'would-cut', rule: string, reason: string): void {
    const key = JSON.stringify([rule, reason]);
    let count = this.counts.get(key);
    if (count === undefined) {
      // Reloads may bring names of rules without end.
      if (this.counts.size >= MOST_REASONS) return;
      this.counts.set(key, count = { rule, reason, cuts: 0, wouldCuts: 0 });
    }
    count[fate === 'cut' ? 'cuts' : 'wouldCuts'] += 1;
  }

  get all(): readonly CutReason[] {
    return [...this.counts.values()];
  }
}

/** The cuts and would-be cuts of a rule for one reason. */
export interface CutReason {
  readonly rule: string;
  readonly reason: string;
  readonly cuts: number;
  readonly wouldCuts: number;
}

const MOST_REASONS = 1000;
