import { decodeUtf8 } from '../config/file.js';
import { JsonError, parseJson } from '../config/json.js';
import { Findings } from '../config/schema/findings.js';
import { integer, oneOf, orNull, text, trueOrFalse } from '../config/schema/kinds.js';
import { list } from '../config/schema/lists.js';
import { MOMENT, parseEnd } from '../config/schema/moment.js';
import { section } from '../config/schema/section.js';
import { errorText } from '../text/errorText.js';

/** The known digests, by their hashes. */
export type Baseline = ReadonlyMap<string, BaselineEntry>;

/** A digest that is known, with its largest results. */
export interface BaselineEntry {
  readonly digest: string;
  /** The statement without its literals; null if the records do not have it. */
  readonly digestText: string | null;
  /** The most rows of one result. */
  readonly rows: number;
  /** The most bytes of one result. */
  readonly bytes: number;
  /** The most executions in one trace or transaction; absent for one. */
  readonly executions?: number;
  /** Whether it was refused, or would have been; absent if never. Without it, a refusal is new. */
  readonly refused?: boolean;
  /** The end of the entry, after which its digest is new again. A date is included, in UTC. */
  readonly until?: string;
}

/** A baseline that cannot be used. */
export class BaselineError extends Error {
  /** @param problems everything that is wrong, one line each, with the file and the place in it */
  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'BaselineError';
  }
}

/** The largest file that is read. One with 20,000 digests has 10 to 20 MB, unless their texts are very long. */
export const MAX_BASELINE_BYTES = 32 * 1024 * 1024;
/** More digests than applications have. */
export const MOST_ENTRIES = 20_000;
/** The longest text of an entry, in characters: Sluice's own digest texts have at most about 4,100. */
export const LONGEST_TEXT = 8192;

/** The end of an entry, in ms since 1970; Infinity for never. */
export function endOf({ until }: BaselineEntry): number {
  return until === undefined ? Infinity : parseEnd(until) ?? Infinity;
}

/**
 * Reads a baseline.
 * @param file its name, for messages
 * @throws {BaselineError}
 */
export function parseBaseline(bytes: Buffer, file: string): Baseline {
  const findings = new Findings(new Map(), null);
  const document = baselineKind.read(jsonIn(bytes, file), '', findings);
  if (document !== undefined && findings.all.length === 0) {
    return new Map(document.digests.map((entry) => [entry.digest, entry]));
  }
  throw new BaselineError(findings.all.map((says) => says.replace(/^config: ?/, `${file}: `)));
}

/** A baseline as the text of its file: sorted by digest, so that a review shows what has changed. */
export function baselineText(baseline: Baseline): string {
  const entries = [...baseline.values()].sort((one, other) => (one.digest < other.digest ? -1 : 1));
  const digests = entries.map(({ digest, digestText, rows, bytes, executions, refused, until }) => ({
    digest, digestText, rows, bytes, ...(executions === undefined ? {} : { executions }),
    ...(refused === undefined ? {} : { refused }),
    ...(until === undefined ? {} : { until }),
  }));
  return `${JSON.stringify({ version: VERSION, digests }, null, 2)}\n`;
}

const VERSION = '1';

const amount = integer({ min: 0, expected: 'a whole number from 0 on' });

const until = text(
  MOMENT, 'a date such as "2026-12-31", or a date-time with its zone such as "2026-12-31T18:00:00Z"',
);

const entry = section<BaselineEntry>({
  digest: { kind: text(/^[\x21-\x7e]{1,64}$/, 'the digest of a statement, as reports show it') },
  digestText: {
    kind: orNull(text(new RegExp(`^[^]{0,${LONGEST_TEXT}}$`), `a text of at most ${LONGEST_TEXT} characters`)),
  },
  rows: { kind: amount },
  bytes: { kind: amount },
  executions: { kind: integer({ min: 2, expected: 'a whole number from 2 on' }), isOptional: true },
  refused: { kind: trueOrFalse, isOptional: true },
  until: { kind: until, isOptional: true },
});

const baselineKind = section<{ readonly version: typeof VERSION; readonly digests: readonly BaselineEntry[] }>({
  version: { kind: oneOf(VERSION) },
  digests: {
    kind: list(entry, {
      items: 'entries', max: MOST_ENTRIES, distinct: { what: 'digest', of: ({ digest }) => digest },
    }),
  },
});

function jsonIn(bytes: Buffer, file: string): unknown {
  try {
    return parseJson(decodeUtf8(bytes));
  } catch (error) {
    if (error instanceof JsonError) {
      throw new BaselineError([`${file}:${error.line}:${error.column}: ${error.message}`]);
    }
    throw new BaselineError([`${file}: not UTF-8 (${errorText(error)})`]);
  }
}
