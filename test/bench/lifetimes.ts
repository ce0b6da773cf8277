import type { Lifetime } from '../support/guard.js';

/**
 * Everything that was started. It ends in the opposite order: at the end of a section, of the run, or on an interrupt.
 */
export class Scope implements Lifetime {
  private readonly ends: (() => unknown)[] = [];

  teardown(end: () => unknown): void {
    this.ends.push(end);
  }

  /** Ends everything, also when ending one thing fails. */
  async close(): Promise<void> {
    for (let end = this.ends.pop(); end !== undefined; end = this.ends.pop()) {
      try {
        await end();
      } catch (error) {
        process.stderr.write(`at the end: ${String(error)}\n`);
      }
    }
  }
}

/** Ends everything in `scope` before the process ends on Ctrl-C, SIGTERM or a closed terminal. */
export const endOnSignals = (scope: Scope): void => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      process.stderr.write(`\n${signal}: ending what was started\n`);
      void scope.close().finally(() => process.exit(130));
    });
  }
};
