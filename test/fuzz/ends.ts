import type { Lifetime } from '../support/guard.js';

/** What a run of the fuzzer starts, and ends with it. */
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
