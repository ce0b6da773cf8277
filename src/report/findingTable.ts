import type { Limits } from '../config/config.js';
import { Exemptions } from './exemptions.js';
import type { FailPolicy } from './failPolicy.js';
import { Finding, LONGEST_DIGEST } from './finding.js';
import { KIND_OF_ACTION, type FindingKind } from './findingKind.js';
import { prospectOf } from './forecast.js';
import { judged } from './judgedFinding.js';
import { readFields, type RefusalRecord, type ResultRecord } from './reading.js';
import { Repetitions } from './repetitions.js';
import { world } from '../world/world.js';

/** The findings about each digest, from records that come one by one. Its memory is bounded. */
export class FindingTable {
  /** The number of executions, and of refused statements. */
  executions = 0;
  refusals = 0;
  /** Executions and refused statements of further digests, and how many of these break the policy. */
  readonly leftOut = { executions: 0, broken: 0 };
  private readonly kept = new Map<string, Finding>();
  /** The number of kept digests of which nothing was found. */
  private plain = 0;
  private readonly repetitions = new Repetitions();
  private readonly maxima: Limits;

  /**
   * @param policy the conditions that break a build
   * @param folder the working folder, in which annotations look for files
   */
  constructor(private readonly policy: FailPolicy, private readonly folder: string) {
    this.maxima = { rows: policy.maxRows, bytes: policy.maxBytes };
  }

  /** Adds an audit record, as it is before it becomes a line. What is no result and no refusal is passed over. */
  add(record: object): void {
    const reading = readFields(record);
    if (reading.kind === 'result') this.addResult(reading.record);
    else if (reading.kind === 'refusal') this.addRefusal(reading.record);
  }

  addResult(record: ResultRecord): void {
    this.executions += 1;
    const repetition = this.repetitions.add(record);
    const isRepeated = repetition !== null && repetition.executions === this.policy.maxExecutions + 1;
    const kinds = this.kindsOf(record);
    this.note(record.digest, kinds.length > 0 || isRepeated, (finding) => {
      finding.addResult(record, kinds, this.folder);
      if (repetition !== null && repetition.executions > 1) finding.noteRepetition(repetition, isRepeated);
    });
  }

  addRefusal(record: RefusalRecord): void {
    this.refusals += 1;
    const kind = KIND_OF_ACTION.get(record.action);
    const kinds = kind === undefined ? [] : [kind];
    this.note(record.digest, true, (finding) => finding.addRefusal(record, kinds, this.folder));
  }

  /** All digests that are kept, in the order in which they came. */
  get findings(): Iterable<Finding> {
    return this.kept.values();
  }

  /** The number of executions outside of traces and transactions, which cannot be repetitions. */
  get unscoped(): number {
    return this.repetitions.unscoped;
  }

  private kindsOf(record: ResultRecord): FindingKind[] {
    const kind = KIND_OF_ACTION.get(record.action);
    const isOver = this.hasMaxima && prospectOf(record, this.maxima, NOBODY_EXEMPT) === 'cut';
    return [
      ...(kind === undefined ? [] : [kind]),
      ...(isOver && record.rows > this.maxima.rows ? ['max-rows' as const] : []),
      ...(isOver && record.bytes > this.maxima.bytes ? ['max-bytes' as const] : []),
    ];
  }

  private get hasMaxima(): boolean {
    return Math.min(this.maxima.rows, this.maxima.bytes) !== Infinity;
  }

  /** @param isFound whether anything was found of it this time */
  private note(digest: string, isFound: boolean, add: (finding: Finding) => void): void {
    const before = this.kept.get(digest.slice(0, LONGEST_DIGEST));
    const wasPlain = before?.gravest === null;
    const hasRoom = before !== undefined ||
      (isFound ? this.kept.size - this.plain < MOST_FOUND : this.plain < MOST_PLAIN);
    const finding = before ?? new Finding(digest);
    add(finding);
    if (!hasRoom) this.leaveOut(finding);
    else if (before === undefined) {
      this.kept.set(finding.digest, finding);
      if (!isFound) this.plain += 1;
    } else if (wasPlain && isFound) this.plain -= 1;
  }

  private leaveOut(finding: Finding): void {
    this.leftOut.executions += 1;
    if (judged(finding, this.policy, world.dateMs()).isBroken) this.leftOut.broken += 1;
  }
}

/** More digests than applications have; each takes up to some 20 KiB. */
const MOST_FOUND = 2000;
const MOST_PLAIN = 3000;

const NOBODY_EXEMPT = new Exemptions([]);
