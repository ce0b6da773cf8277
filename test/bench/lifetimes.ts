import type { Lifetime } from '../support/guard.js';

/** What has been started, to be ended in the opposite order: at the end of a section, of all, or on an interrupt. */
export class Scope implements Lifetime {
  private readonly ends: (() => unknown)[] = [];

  teardown(end: () => unknown): void {
    this.ends.push(end);
  }

  /** Ends everything, also what comes behind something that cannot be ended. */
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

/** On Ctrl-C, SIGTERM or a closed terminal all of `scope` is ended before the process is. */
export const endOnSignals = (scope: Scope): void => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      process.stderr.write(`\n${signal}: ending what was started\n`);
      void scope.close().finally(() => process.exit(130));
    });
  }
};
