import type { Options } from 'yargs';
import { readFileSync } from 'node:fs';
import { suggest } from '../config/schema/suggest.js';

/** One command of the program. src/cli/commands.ts lists all of them. */
export interface Command {
  readonly name: string;
  /** Whether it runs if the command line names no command. */
  readonly isDefault?: boolean;
  readonly describe: string;
  readonly options: Readonly<Record<string, Flag>>;
  /** The arguments besides flags, as the help shows them: `FILE...`; absent if there are none. */
  readonly operands?: string;
  /** All that there are of these arguments, if they are few: a shell completes them. */
  readonly operandValues?: readonly string[];
  /** The flags that may be given more than once. */
  readonly repeatable?: readonly string[];
  /** Whether it finds in `--` the words after a `--`, which are a command line of their own. */
  readonly takesCommand?: boolean;
  /**
   * Runs the command.
   * @returns the exit code
   * @throws {UsageError} if the command line asks for something that is not possible
   * @throws {ConfigError} if the configuration cannot be used
   */
  run(given: Arguments): Promise<number>;
}

/** A flag as yargs describes it, with what a shell completes after it. */
export interface Flag extends Options {
  /** The values that it can have, if these are few. */
  readonly values?: readonly string[];
  readonly takesFile?: true;
}

/** The flags as yargs reads them: text, or a list if a flag was given more than once. */
export type Arguments = Readonly<Record<string, unknown>>;

/** The command line asks for something that is not possible. */
export class UsageError extends Error {
  /** @param problems all mistakes, one line each */
  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'UsageError';
  }
}

/** The program's exit codes. `policyBroken`: Sluice has done its work, and found what the command line fails on. */
export const EXIT_CODES = { ok: 0, failed: 1, wrongUsage: 2, policyBroken: 3 } as const;

/** The mistake of a word that this program does not know, or does not take at its place. */
export function refused(says: string): UsageError {
  return new UsageError([`sluice: ${says}`, 'sluice --help shows all commands and flags.']);
}

/** Ends a usage error with the known word that was probably meant, if there is one. */
export function didYouMean(word: string, known: readonly string[], prefix = ''): string {
  const suggestion = suggest(word, known);
  return suggestion === null ? '' : `, did you mean ${prefix}${suggestion}?`;
}

/** Writes lines to standard error, for the person at the terminal. */
export function say(lines: readonly string[]): void {
  for (const line of lines) process.stderr.write(`${line}\n`);
}

/** The program's version, from its package. */
export function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return String(Object(manifest).version);
}
