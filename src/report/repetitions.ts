import { Generations } from '../policy/generations.js';
import { LONGEST_DIGEST, type Repetition } from './finding.js';
import type { ResultRecord } from './reading.js';

/**
 * Counts the executions of each digest in each trace and transaction. It keeps those of the most recent ones: some ten
 * thousand pairs of a digest and a scope.
 */
export class Repetitions {
  /** Executions outside of traces and transactions. */
  unscoped = 0;
  private readonly counts = new Generations<Count>(MAX_KEYS_SIZE);

  /** @returns what is known of the result's digest in the result's scope, with this result; null if it has no scope */
  add({ digest, scope, rows }: ResultRecord): Repetition | null {
    if (scope === null) {
      this.unscoped += 1;
      return null;
    }
    const key = `${digest.slice(0, LONGEST_DIGEST)} ${scope.key}`;
    let count = this.counts.get(key);
    if (count === undefined) this.counts.set(key, (count = { executions: 0, rows: 0 }));
    count.executions += 1;
    count.rows += rows;
    return { ...count, scope: scope.name };
  }
}

interface Count {
  executions: number;
  rows: number;
}

const MAX_KEYS_SIZE = 2 ** 20;
