import { statSync } from 'node:fs';
import { isatty } from 'node:tty';
import type { Options } from 'yargs';
import { fileFailure } from '../config/file.js';
import { parseBeginning, parseEnd } from '../config/schema/moment.js';
import { parseDuration } from '../config/schema/units.js';
import { compileGlob } from '../policy/glob.js';
import { type Input, openInput, readLines, STANDARD_INPUT, STANDARD_INPUT_DESCRIPTOR } from '../report/input.js';
import type { Selection } from '../report/selection.js';
import type { Survey } from '../report/survey.js';
import { type Arguments, say, UsageError } from './command.js';
import { describeFlag } from './flags.js';
import { Progress } from './progress.js';
import { errorText } from '../text/errorText.js';
import { world } from '../world/world.js';

// The part of the command line that `report` and `advise` share: the audit files, and the selection of results in them.

const GROUP = 'Choose the results:';
const EXPECTED_MOMENT = 'a date ("2026-11-20", in UTC), a time with its zone ("2026-11-20T08:00:00+01:00"), or how ' +
  'long ago it was ("1h", with ms, s, m or h)';

/** The flags that select results. */
export const selectionOptions: Readonly<Record<string, Options>> = {
  since: {
    describe: describeFlag('TIME', 'none before this: a date, a time, or how long ago, as in 1h'), requiresArg: true,
    group: GROUP,
  },
  until: {
    describe: describeFlag('TIME', 'none after this; a date counts to its end'), requiresArg: true, group: GROUP,
  },
  user: {
    describe: describeFlag('GLOB', 'only those of these users, as in "report_*"'), requiresArg: true, group: GROUP,
  },
  schema: { describe: describeFlag('GLOB', 'only those in these default schemas'), requiresArg: true, group: GROUP },
};

/** The moment that was so long ago, in ms since 1970; undefined if the text is no time. */
function momentAgo(text: string, nowMs: number): number | undefined {
  const ms = parseDuration(text);
  return ms === undefined ? undefined : nowMs - ms;
}

/**
 * Reads the selection of results. It is by the records' own times.
 * @param nowMs the time of day, in ms since 1970
 * @throws {UsageError}
 */
export function selectionFrom(given: Arguments, nowMs = world.dateMs()): Selection {
  const moment = (flag: string, parse: (text: string) => number | undefined): number | undefined => {
    const text = given[flag];
    if (text === undefined) return undefined;
    const ms = typeof text === 'string' ? parse(text) ?? momentAgo(text, nowMs) : undefined;
    if (ms !== undefined) return ms;
    throw new UsageError([`--${flag}: expected ${EXPECTED_MOMENT}, got ${JSON.stringify(text)}`]);
  };
  const glob = (flag: string) => compileGlob(typeof given[flag] === 'string' ? given[flag] : '*');
  const sinceMs = moment('since', parseBeginning) ?? -Infinity;
  const untilMs = moment('until', parseEnd) ?? Infinity;
  if (sinceMs >= untilMs) throw new UsageError(['--until: expected a time after --since']);
  return { sinceMs, untilMs, user: glob('user'), schema: glob('schema') };
}

/** The files on the command line; standard input if there are none. */
export function filesFrom(given: Arguments): readonly string[] {
  const files = Array.isArray(given['_']) ? given['_'].slice(1).map(String) : [];
  if (files.filter((file) => file === STANDARD_INPUT).length > 1) {
    throw new UsageError(['-: standard input can be read only once']);
  }
  return files.length === 0 ? [STANDARD_INPUT] : files;
}

/**
 * The whole number of a flag.
 * @throws {UsageError}
 */
export function numberFrom(given: Arguments, flag: string, fallback: number): number {
  const text = given[flag];
  if (text === undefined) return fallback;
  if (typeof text === 'string' && /^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new UsageError([`--${flag}: expected a number from 1 to 999999999, got ${JSON.stringify(text)}`]);
}

function isNoFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === false;
}

/** The files on the command line, for a command that reads them twice. That is only possible with regular files. */
export function filesToReadTwice(given: Arguments, flag: string): readonly string[] {
  const files = filesFrom(given);
  const others = files.filter((file) => file === STANDARD_INPUT || isNoFile(file));
  if (others.length === 0) return files;
  const names = others.map((file) => (file === STANDARD_INPUT ? 'standard input' : JSON.stringify(file)));
  throw new UsageError([`${flag}: reads its input twice, which is not possible for ${names.join(', ')}: give files`]);
}

function openAll(files: readonly string[]): Input[] {
  const problems: string[] = [];
  const inputs = files.flatMap((file) => {
    try {
      return [openInput(file)];
    } catch (error) {
      const remedy = 'give audit files, or - for standard input';
      problems.push(`sluice: cannot read ${fileFailure(JSON.stringify(file), error)}: ${remedy}`);
      return [];
    }
  });
  if (problems.length > 0) throw new UsageError(problems);
  return inputs;
}

function totalSize(inputs: readonly Input[]): number | null {
  const sizes = inputs.map(({ size }) => size ?? NaN);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  return Number.isNaN(total) ? null : total;
}

/**
 * Lets a survey read files, with a progress bar on a terminal.
 * @returns whether all files could be read to their end; a message names those that could not
 * @throws {UsageError} if one of them cannot be opened, before any is read
 */
export async function readFiles(files: readonly string[], survey: Survey): Promise<boolean> {
  const inputs = openAll(files);
  // `process.stdin.isTTY` would make the terminal non-blocking, and reading its descriptor would fail with EAGAIN.
  if (files.includes(STANDARD_INPUT) && isatty(STANDARD_INPUT_DESCRIPTOR)) {
    say(['Reading standard input. To read audit files, give their names.']);
  }
  const progress = new Progress(process.stderr, totalSize(inputs));
  const problems: string[] = [];
  for (const input of inputs) {
    survey.begin(input.name);
    try {
      await readLines(input, survey, (byteCount) => progress.advance(byteCount));
    } catch (error) {
      const reason = errorText(error);
      const consequence = 'the results before that place count, the rest of the file is missing';
      problems.push(`sluice: ${input.name}: ${reason}: ${consequence}`);
    }
  }
  progress.end();
  say(problems);
  return problems.length === 0;
}
