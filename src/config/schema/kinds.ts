// The kinds of values of settings. A kind reads JSON into the program's form and writes it back. It converts nothing:
// "5" is not a number, 0 is not false.

import { resolve } from 'node:path';
import type { Expected, Findings } from './findings.js';
import { either, textLike, unicode, type JsonSchema } from './jsonSchema.js';
import { DURATION, formatDuration, formatSize, parseDuration, parseSize, SIZE } from './units.js';
import { finiteOrNull } from '../finiteOrNull.js';

export interface Kind<T> extends Expected {
  /**
   * The JSON Schema of its values. It accepts all that `read` accepts. It may accept more where a schema cannot tell:
   * files, conflicts between settings, ranges of values with units, and secrets.
   */
  readonly schema: JsonSchema;
  /**
   * Reads a JSON value. A mistake is added to the findings under `path`, and the result is undefined.
   * @param inherited an object with the values of parts that are left out, by the same names
   */
  read(found: unknown, path: string, findings: Findings, inherited?: unknown): T | undefined;
  /** Writes a value as JSON. Reading that gives the same value again, except for secrets. */
  write(value: T): unknown;
  /**
   * Converts the text of a flag or a variable to JSON.
   * @param text the text
   * @param below the JSON value that it overrides; undefined if there is none
   * @returns the JSON value; text that has no JSON value comes back unchanged, so that `read` refuses it
   */
  fromText(text: string, below: unknown): unknown;
}

/** A kind without parts: one function checks a value. */
export interface Leaf<T> extends Kind<T> {
  /** @returns undefined for a value that is not of this kind */
  parse(found: unknown): T | undefined;
}

type LeafParts<T> = Expected & Pick<Leaf<T>, 'parse' | 'schema'> & Partial<Pick<Leaf<T>, 'write' | 'fromText'>>;

/** Completes a kind. By default a value is written as it is, and text stands for itself. */
export function leaf<T>(parts: LeafParts<T>): Leaf<T> {
  return {
    write: (value) => value,
    fromText: (text) => text,
    ...parts,
    read(found, path, findings) {
      const value = parts.parse(found);
      if (value === undefined) findings.unexpected(path, parts, found);
      return value;
    },
  };
}

function digitsToNumber(text: string): unknown {
  return /^\d+$/.test(text) ? Number(text) : text;
}

/** The remedy for an abbreviated number such as "10k". */
function numberInFull(found: string): string | null {
  const [, digits, unit] = /^(\d{1,9})([kKmM])$/.exec(found) ?? [];
  return digits === undefined ? null : `write ${Number(digits) * (unit!.toLowerCase() === 'k' ? 1000 : 1_000_000)}`;
}

function wholeNumber(minimum: number, maximum = Number.MAX_SAFE_INTEGER): JsonSchema {
  return { type: 'integer', minimum, maximum };
}

function between(value: unknown, min: number, max: number): number | undefined {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) return undefined;
  return value >= min && value <= max ? value : undefined;
}

/**
 * A whole number.
 * @param range its `expected` is the range in words: "a positive integer"
 */
export function integer(range: { min: number; max?: number; expected: string }): Leaf<number> {
  return leaf({
    expected: range.expected,
    schema: wholeNumber(range.min, range.max),
    remedyFor: numberInFull,
    fromText: digitsToNumber,
    parse: (found) => between(found, range.min, range.max ?? Number.MAX_SAFE_INTEGER),
  });
}

/** A number of bytes, or a string with a unit. */
export function size(range: { min?: number; max?: number } = {}): Leaf<number> {
  const { min = 1, max = Number.MAX_SAFE_INTEGER } = range;
  const least = min > 0 ? 'a size above 0' : 'a size';
  const most = range.max === undefined ? '' : ` up to ${formatSize(max)}`;
  return leaf({
    expected: `${least}${most} such as 65536 or "64KiB" (B, KiB, MiB, GiB, TiB)`,
    schema: either(wholeNumber(min, max), textLike(SIZE)),
    fromText: digitsToNumber,
    write: formatSize,
    parse: (found) => between(typeof found === 'string' ? parseSize(found) : found, min, max),
  });
}

/**
 * A number of milliseconds, or a string with a unit.
 * @param range with `wholeSeconds`, parts of a second are refused
 */
export function duration(range: { minMs: number; maxMs: number; wholeSeconds?: boolean }): Leaf<number> {
  const { minMs, maxMs, wholeSeconds = false } = range;
  const extent = `from ${formatDuration(minMs)} to ${formatDuration(maxMs)}`;
  return leaf({
    expected: `a time ${wholeSeconds ? 'in whole seconds ' : ''}${extent} such as 10000 or "10s" (ms, s, m, h)`,
    schema: either({ ...wholeNumber(minMs, maxMs), ...(wholeSeconds ? { multipleOf: 1000 } : {}) }, textLike(DURATION)),
    fromText: digitsToNumber,
    write: formatDuration,
    parse: (found) => {
      const ms = between(typeof found === 'string' ? parseDuration(found) : found, minMs, maxMs);
      return wholeSeconds && ms !== undefined && ms % 1000 !== 0 ? undefined : ms;
    },
  });
}

function remedyOf({ remedyFor }: Expected): Pick<Expected, 'remedyFor'> {
  return remedyFor === undefined ? {} : { remedyFor };
}

/** A number or null (as text: "unlimited"). Null is Infinity in the program. */
export function orUnlimited(kind: Leaf<number>): Leaf<number> {
  return leaf({
    ...remedyOf(kind),
    expected: `${kind.expected} or null`,
    schema: either(kind.schema, { type: 'null' }),
    expectedAsText: `${kind.expected} or "unlimited"`,
    fromText: (text, below) => (text === 'unlimited' ? null : kind.fromText(text, below)),
    write: (value) => finiteOrNull(value, kind.write),
    parse: (found) => (found === null ? Infinity : kind.parse(found)),
  });
}

/** The value of a setting that follows from where Sluice runs. */
export const AUTO = 'auto';

/** A number or "auto". `config/automatic.ts` puts a number in the place of "auto" before a configuration is read. */
export function orAutomatic(kind: Leaf<number>): Leaf<number> {
  return leaf({
    ...kind,
    expected: `${kind.expected} or "${AUTO}"`,
    schema: either(kind.schema, { type: 'string', enum: [AUTO] }),
  });
}

/** A value or null. */
export function orNull<T>(kind: Leaf<T>): Leaf<T | null> {
  return leaf<T | null>({
    ...remedyOf(kind),
    expected: `${kind.expected} or null`,
    schema: either(kind.schema, { type: 'null' }),
    write: (value) => (value === null ? null : kind.write(value)),
    parse: (found) => (found === null ? null : kind.parse(found)),
  });
}

/** One of a few texts. */
export function oneOf<const Choice extends string>(...choices: readonly Choice[]): Leaf<Choice> {
  const quoted = choices.map((choice) => JSON.stringify(choice));
  return leaf({
    expected: new Intl.ListFormat('en', { type: 'disjunction' }).format(quoted),
    schema: { type: 'string', enum: choices },
    parse: (found) => choices.find((choice) => choice === found),
  });
}

/**
 * A text that matches a pattern.
 * @param pattern without flags
 * @param expected the pattern in words
 */
export function text(pattern: RegExp, expected: string): Leaf<string> {
  const exact = unicode(pattern);
  return leaf({
    expected,
    schema: textLike(pattern),
    parse: (found) => (typeof found === 'string' && exact.test(found) ? found : undefined),
  });
}

/**
 * The path of a file. A relative path starts at the folder of the configuration file.
 * @param expected the description in words
 */
export function filePath(expected: string): Kind<string> {
  const asText = text(/^(?!\s*$)[^\0]+$/, expected);
  return {
    ...asText,
    read(found, path, findings) {
      const file = asText.read(found, path, findings);
      return file === undefined || findings.folder === null ? file : resolve(findings.folder, file);
    },
  };
}

export const trueOrFalse: Leaf<boolean> = leaf({
  expected: 'true or false',
  schema: { type: 'boolean' },
  parse: (found) => (typeof found === 'boolean' ? found : undefined),
});

const SECRET_PLACEHOLDER = '***';

/** A secret text. It is printed as ***, and messages never quote it. */
export function secret(kind: Leaf<string>): Leaf<string> {
  return leaf({
    expected: `${kind.expected}, not the ${SECRET_PLACEHOLDER} that Sluice prints in its place`,
    schema: kind.schema,
    isSecret: true,
    write: () => SECRET_PLACEHOLDER,
    parse: (found) => (found === SECRET_PLACEHOLDER ? undefined : kind.parse(found)),
  });
}
