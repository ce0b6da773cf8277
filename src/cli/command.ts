import type { Options } from 'yargs';
import { readFileSync } from 'node:fs';
import { nearest } from '../config/schema/suggest.js';

/** One command of the program; src/cli.ts lists them. */
export interface Command {
  readonly name: string;
  /** Whether it runs where no command is named. */
  readonly isDefault?: boolean;
  readonly describe: string;
  readonly options: Readonly<Record<string, Options>>;
  /** What it takes besides flags, as the help shows it: `FILE...`; nothing unless said. */
  readonly operands?: string;
  /** The flags that may be given more than once. */
  readonly repeatable?: readonly string[];
  /**
   * @returns the exit code
   * @throws {ConfigError}
   */
  run(given: Arguments): Promise<number>;
}

/** Flags as yargs has read them: text, or a list where one was given more than once. */
export type Arguments = Readonly<Record<string, unknown>>;

export const exitCodes = { ok: 0, failed: 1, wrongUsage: 2 } as const;

/** The command line asks for what does not exist. */
export class UsageError extends Error {}

/** Ends a usage error with the known word that was probably meant, if there is one. */
export function didYouMean(word: string, known: readonly string[], prefix = ''): string {
  const suggestion = nearest(word, known);
  return suggestion === undefined ? '' : `, did you mean ${prefix}${suggestion}?`;
}

/** Says something to the person at the terminal. */
export function say(lines: readonly string[]): void {
  for (const line of lines) process.stderr.write(`${line}\n`);
}

/** The program's version, as its package names it. */
export function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return String(Object(manifest).version);
}
