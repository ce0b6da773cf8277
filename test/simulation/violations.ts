/** An invariant that does not hold. */
export interface Violation {
  /** The name of the invariant: shrinking looks for the same one. */
  readonly invariant: string;
  readonly text: string;
}

/** Collects what does not hold. */
export class Violations {
  readonly found: Violation[] = [];

  /** @param text what happened, what was expected, and to whom */
  add(invariant: string, text: string): void {
    if (this.found.length < MAX_FOUND) this.found.push({ invariant, text });
  }
}

/** One fault may break many invariants, at many packets. */
const MAX_FOUND = 20;
