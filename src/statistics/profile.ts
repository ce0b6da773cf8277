import { Distribution, type DistributionData } from './distribution.js';
import type { Execution } from './execution.js';
import { HeavyHitters, type HeavyHittersData } from './heavyHitters.js';

/** Statistics of many executions: of one digest, or of all. Sizes in bytes, times in ms. */
export class Profile {
  executions = 0;
  /** The part of them that were changes of data without a result. No distribution of rows or bytes contains these. */
  changes = 0;
  readonly rows = new Distribution();
  readonly bytes = new Distribution();
  readonly largestRowBytes = new Distribution();
  /** Of executions with at least one row. */
  readonly firstRowMs = new Distribution(STEPS_PER_MS);
  readonly durationMs = new Distribution(STEPS_PER_MS);
  readonly stallMs = new Distribution(STEPS_PER_MS);
  /** The bytes that clients have sent for all executions, and the rows that these have changed. */
  requestBytes = 0;
  affectedRows = 0;
  cuts = 0;
  wouldCuts = 0;
  /** Executions that passed the limit for buffered results because they were classified as streams. */
  admitted = 0;
  /** Statements that were refused, and those that would have been: they are no executions. */
  refusals = 0;
  wouldRefuses = 0;
  /** Executions whose end was not seen. */
  lowerBounds = 0;
  firstAtMs = Infinity;
  lastAtMs = -Infinity;
  digestText: string | null = null;
  /** The largest execution, in bytes. */
  example: Example | null = null;
  readonly users = newNames();
  readonly schemas = newNames();
  readonly programs = newNames();
  readonly clients = newNames();
  /** The values of the tag `route`; statements without it are not counted. */
  readonly routes = newNames();
  /** Their digests; null if all have the same. */
  readonly digests: HeavyHitters<DigestName> | null;

  /** @param hasDigests whether executions of several digests are added */
  constructor(hasDigests = false) {
    this.digests = hasDigests ? new HeavyHitters<DigestName>(NAMES_KEPT, () => ({ text: null })) : null;
  }

  /** How often its statements were sent: the names are those of so many clients. */
  get sent(): number {
    return this.executions + this.refusals + this.wouldRefuses;
  }

  add(execution: Execution): void {
    if (execution.fate === 'refused') this.refusals += 1;
    else if (execution.fate === 'would-refuse') this.wouldRefuses += 1;
    else this.addResult(execution);
    if (execution.atMs < this.firstAtMs) this.firstAtMs = execution.atMs;
    if (execution.atMs > this.lastAtMs) this.lastAtMs = execution.atMs;
    this.digestText ??= execution.digestText;
    if (this.example === null || execution.bytes > this.example.bytes) this.example = exampleOf(execution);
    this.addNames(execution);
  }

  private addResult(execution: Execution): void {
    this.executions += 1;
    if (execution.hasResult) {
      this.rows.add(execution.rows);
      this.bytes.add(execution.bytes);
      this.largestRowBytes.add(execution.largestRowBytes);
    } else this.changes += 1;
    if (execution.firstRowMs !== null) this.firstRowMs.add(execution.firstRowMs);
    this.requestBytes += execution.requestBytes;
    this.affectedRows += execution.affectedRows;
    this.durationMs.add(execution.durationMs);
    this.stallMs.add(execution.stallMs);
    if (execution.fate === 'cut') this.cuts += 1;
    else if (execution.fate === 'would-cut') this.wouldCuts += 1;
    else if (execution.fate === 'admitted') this.admitted += 1;
    if (execution.isLowerBound) this.lowerBounds += 1;
  }

  private addNames(execution: Execution): void {
    this.users.add(execution.user, 1);
    this.schemas.add(execution.schema, 1);
    this.programs.add(execution.program, 1);
    this.clients.add(execution.client, 1);
    const route = execution.tags.get('route');
    if (route !== undefined) this.routes.add(route, 1);
    if (this.digests !== null) this.digests.add(execution.digest, 1).text ??= execution.digestText;
  }

  /** The profile in a form that goes from process to process. */
  get data(): ProfileData {
    const { firstAtMs, lastAtMs, digestText, example, digests } = this;
    const part = <Key extends string, Value>(names: readonly Key[], of: (name: Key) => Value): Record<Key, Value> =>
      Object.fromEntries(names.map((name) => [name, of(name)])) as Record<Key, Value>;
    return {
      ...part(DISTRIBUTIONS, (name) => this[name].data), ...part(COUNTS, (name) => this[name]),
      ...part(NAMES, (name) => this[name].data),
      firstAtMs, lastAtMs, digestText, example, digests: digests?.data ?? null,
    };
  }

  /** Adds the executions of another profile of the same kind. */
  absorb(other: ProfileData): void {
    for (const name of DISTRIBUTIONS) this[name].absorb(other[name]);
    for (const name of COUNTS) this[name] += other[name];
    for (const name of NAMES) this[name].absorb(other[name], () => null);
    if (other.digests !== null) this.digests?.absorb(other.digests, (own, value) => own ?? value);
    this.firstAtMs = Math.min(this.firstAtMs, other.firstAtMs);
    this.lastAtMs = Math.max(this.lastAtMs, other.lastAtMs);
    this.digestText ??= other.digestText;
    if (other.example !== null && other.example.bytes > (this.example?.bytes ?? -1)) this.example = other.example;
  }
}

const DISTRIBUTIONS = ['rows', 'bytes', 'largestRowBytes', 'firstRowMs', 'durationMs', 'stallMs'] as const;
const COUNTS = [
  'executions', 'changes', 'requestBytes', 'affectedRows', 'cuts', 'wouldCuts', 'admitted', 'refusals',
  'wouldRefuses', 'lowerBounds',
] as const;
const NAMES = ['users', 'schemas', 'programs', 'clients', 'routes'] as const;

type DistributionName = (typeof DISTRIBUTIONS)[number];
type CountName = (typeof COUNTS)[number];
type NamesName = (typeof NAMES)[number];

/** A profile as plain data, in a form that goes from process to process. */
export type ProfileData =
  Readonly<Record<DistributionName, DistributionData> & Record<CountName, number> & Record<NamesName, NamesData>> & {
    readonly firstAtMs: number;
    readonly lastAtMs: number;
    readonly digestText: string | null;
    readonly example: Example | null;
    readonly digests: HeavyHittersData<DigestName> | null;
  };

type NamesData = HeavyHittersData<null>;

/** An execution as an example of the others. */
export interface Example {
  readonly sql: string | null;
  readonly atMs: number;
  readonly user: string;
  readonly schema: string;
  readonly rows: number;
  readonly bytes: number;
  readonly heaviestColumn: string | null;
}

/** A digest that is counted by its hash. */
export interface DigestName {
  text: string | null;
}

const NAMES_KEPT = 16;
/** The resolution of times is one microsecond. */
const STEPS_PER_MS = 1000;

/** Counts names. The counts are exact as long as there are few names. */
export type Names = HeavyHitters<null>;

const newNames = (): Names => new HeavyHitters<null>(NAMES_KEPT, () => null);

function exampleOf({ sql, atMs, user, schema, rows, bytes, heaviestColumn }: Execution): Example {
  return { sql, atMs, user, schema, rows, bytes, heaviestColumn };
}
