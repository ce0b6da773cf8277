import type { Lifetime } from '../support/guard.js';

/** Everything that a run of the fuzzer starts; it ends with the run. */
export class Ends implements Lifetime {
  private readonly ends: (() => unknown)[] = [];

  teardown(end: () => unknown): void {
    this.ends.push(end);
  }

  /** Ends everything, the latest first. */
  async endAll(): Promise<void> {
    for (const end of this.ends.splice(0).reverse()) await end();
  }
}
