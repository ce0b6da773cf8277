import { HeavyHitters } from '../statistics/heavyHitters.js';
import { ownFront } from '../text/ownCopy.js';
import { LONGEST_TEXT } from './baseline.js';
import { FINDING_KINDS, type FindingKind } from './findingKind.js';
import { positionOf, type Position } from './position.js';
import type { RefusalRecord, ResultRecord } from './reading.js';

/** The findings about one digest. Its memory is bounded for any records. */
export class Finding {
  /** The hash; empty for statements whose text is not known. */
  readonly digest: string;
  digestText: string | null = null;
  /** The number of results, or refused statements, of each kind. */
  readonly kinds = new Map<FindingKind, number>();
  /** The number of executions, without refused ones. */
  executions = 0;
  /** The most rows of one result, and the most bytes of one; these may be two results. */
  rows = 0;
  bytes = 0;
  /** Whether one of its results was larger than the part that was seen. */
  isLowerBound = false;
  /** Whether one of its results was cut before its end, so that nobody knows how large it would have been. */
  isCutUnmeasured = false;
  rowsInAll = 0;
  durationMs = 0;
  /** Its most executions in one scope; null if it was never seen twice in one. */
  repetition: Repetition | null = null;
  /** Its gravest result, and the largest of those. */
  example: FoundExample | null = null;
  /** The place in the code from which it comes, according to its gravest results. */
  position: Position | null = null;
  readonly rules = names();
  readonly users = names();
  readonly programs = names();
  readonly routes = names();
  readonly tests = names();

  constructor(digest: string) {
    this.digest = ownFront(digest, LONGEST_DIGEST);
  }

  /**
   * Adds an execution.
   * @param folder the folder in which annotations look for files
   */
  addResult(record: ResultRecord, kinds: readonly FindingKind[], folder: string): void {
    this.executions += 1;
    this.rows = Math.max(this.rows, record.rows);
    this.bytes = Math.max(this.bytes, record.bytes);
    this.isLowerBound ||= record.isLowerBound;
    this.isCutUnmeasured ||= record.isLowerBound && kinds.includes('cut');
    this.rowsInAll += record.rows;
    this.durationMs += record.durationMs;
    this.add(record, record.rows, record.bytes, kinds, folder);
  }

  /** Adds a statement that was refused, or would have been. */
  addRefusal(record: RefusalRecord, kinds: readonly FindingKind[], folder: string): void {
    this.add(record, 0, 0, kinds, folder);
  }

  /** Notes how often it was executed in a scope. */
  noteRepetition(repetition: Repetition, isTooMany: boolean): void {
    if (isTooMany) this.kinds.set('repeated', (this.kinds.get('repeated') ?? 0) + 1);
    if (this.repetition === null || repetition.executions > this.repetition.executions) this.repetition = repetition;
  }

  /** The gravest kind; null if nothing was found. */
  get gravest(): FindingKind | null {
    return FINDING_KINDS.find((kind) => this.kinds.has(kind)) ?? null;
  }

  private add(
    record: RefusalRecord, rows: number, bytes: number, kinds: readonly FindingKind[], folder: string,
  ): void {
    for (const kind of kinds) this.kinds.set(kind, (this.kinds.get(kind) ?? 0) + 1);
    this.digestText ??= shortened(record.digestText, LONGEST_TEXT);
    for (const [counted, name] of [
      [this.rules, record.rule], [this.users, record.user], [this.programs, record.program],
      [this.routes, routeIn(record)], [this.tests, testIn(record)],
    ] as const) if (name !== '') counted.add(name.length > LONGEST_NAME ? ownFront(name, LONGEST_NAME) : name, 1);
    const gravity = Math.min(...kinds.map((kind) => FINDING_KINDS.indexOf(kind)), FINDING_KINDS.length);
    const before = this.example;
    if (before !== null && (gravity > before.gravity || (gravity === before.gravity && bytes <= before.bytes))) return;
    this.position = positionOf(record.tags, folder) ?? (gravity === before?.gravity ? this.position : null);
    this.example = { gravity, rows, bytes, atMs: record.atMs, sql: shortened(record.sql, LONGEST_SQL) };
  }
}

/** The executions of a digest in one trace or transaction. */
export interface Repetition {
  readonly executions: number;
  /** Their rows in all. */
  readonly rows: number;
  /** The scope's name. */
  readonly scope: string;
}

/** A result, or a refused statement, as an example of the others. */
interface FoundExample {
  /** The place of its kind among all, from 0 for the gravest. */
  readonly gravity: number;
  readonly rows: number;
  readonly bytes: number;
  readonly atMs: number;
  readonly sql: string | null;
}

/** Tags that name a part of an application, and tags that name a test, the clearest first. */
const ROUTE_TAGS = ['route', 'job', 'controller'];
/** Tags in which frameworks and test suites say which test a statement is from. */
export const TEST_TAGS: readonly string[] = ['test', 'test_name', 'test.name', 'test.case.name'];

/** The longest digest, in characters. Sluice's own have 16. */
export const LONGEST_DIGEST = 64;

const LONGEST_SQL = 1000;
const LONGEST_NAME = 200;
const NAMES_KEPT = 5;

const names = (): HeavyHitters<null> => new HeavyHitters<null>(NAMES_KEPT, () => null);

function routeIn({ tags }: RefusalRecord): string {
  const name = ROUTE_TAGS.find((tag) => tags.has(tag));
  if (name === undefined) return '';
  const action = name === 'controller' ? tags.get('action') : undefined;
  return `${tags.get(name)!}${action === undefined ? '' : `#${action}`}`;
}

function testIn({ tags }: RefusalRecord): string {
  return TEST_TAGS.map((tag) => tags.get(tag)).find((name) => name !== undefined) ?? '';
}

/** Copies the front of a text, if it is known. */
export function shortened(text: string | null, longest: number): string | null {
  return text === null ? null : ownFront(text, longest);
}
