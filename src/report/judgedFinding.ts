import { formatMoment } from '../config/schema/moment.js';
import { count, countOf, size } from './amounts.js';
import { endOf, type BaselineEntry } from './baseline.js';
import { failsOnAny, type FailPolicy } from './failPolicy.js';
import type { Finding } from './finding.js';
import { FINDING_KINDS, type FindingKind } from './findingKind.js';

/** The judgement of a policy about a finding. */
export interface JudgedFinding {
  readonly finding: Finding;
  readonly isBroken: boolean;
  /** The finding in words: `3 results would have been cut`; the gravest first. */
  readonly found: readonly string[];
  /** The comparison to the baseline, in words; null without a baseline, or if there is nothing to compare. */
  readonly compared: string | null;
}

/**
 * Judges a finding.
 * @param nowMs the time of day, for entries of the baseline that end
 */
export function judged(finding: Finding, policy: FailPolicy, nowMs: number): JudgedFinding {
  const { failOn, baseline } = policy;
  const found = FINDING_KINDS.filter((kind) => finding.kinds.has(kind));
  const failing = failsOnAny(policy) ? found : found.filter((kind) => failOn.has(kind));
  const isCandidate = failsOnAny(policy) || failing.length > 0;
  const compared = (kinds: readonly FindingKind[]): Comparison =>
    comparedTo(baseline?.get(finding.digest), finding, kinds, policy, nowMs);
  return {
    finding,
    // A refusal that nobody asked about does not make a known result fail.
    isBroken: isCandidate && !compared(failing).isKnown,
    found: found.map((kind) => WORDS[kind](finding.kinds.get(kind)!, finding, policy)),
    compared: baseline === null ? null : compared(found).says,
  };
}

type Words = (times: number, finding: Finding, policy: FailPolicy) => string;

const WORDS: Readonly<Record<FindingKind, Words>> = {
  'cut': (times) => `${countOf(times, 'result')} cut`,
  'refuse': (times) => `${countOf(times, 'statement')} refused`,
  'would-cut': (times) => `${countOf(times, 'result')} would have been cut`,
  'would-refuse': (times) => `${countOf(times, 'statement')} would have been refused`,
  'max-rows': (times, _, { maxRows }) => `${countOf(times, 'result')} of more than ${countOf(maxRows, 'row')}`,
  'max-bytes': (times, _, { maxBytes }) => `${countOf(times, 'result')} of more than ${size(maxBytes)}`,
  'repeated': (times, { repetition }, { maxExecutions }) =>
    `repeated ${count(repetition!.executions)} times in ${repetition!.scope}, ` +
    `${countOf(repetition!.rows, 'row')} in all (at most ${countOf(maxExecutions, 'execution')}` +
    `${times > 1 ? `; so in ${count(times)} of them` : ''})`,
  'admit': (times) => `${countOf(times, 'result')} let through as ${times === 1 ? 'a stream' : 'streams'}`,
  'warn': (times) => `${countOf(times, 'result')} over a threshold of warn`,
};

interface Comparison {
  readonly isKnown: boolean;
  /** The comparison in words. */
  readonly says: string;
}

/**
 * The comparison of a finding to its entry in the baseline.
 * @param kinds those of its kinds that are compared
 */
function comparedTo(
  entry: BaselineEntry | undefined, finding: Finding, kinds: readonly FindingKind[], { growth }: FailPolicy,
  nowMs: number,
): Comparison {
  if (entry === undefined) return { isKnown: false, says: 'not in the baseline' };
  const endMs = endOf(entry);
  if (nowMs >= endMs) return { isKnown: false, says: `its entry in the baseline ended at ${formatMoment(endMs)}` };
  if (entry.refused !== true && kinds.some((kind) => kind === 'refuse' || kind === 'would-refuse')) {
    return { isKnown: false, says: 'in the baseline, but not as a refused statement' };
  }
  const executions = finding.kinds.has('repeated') ? finding.repetition?.executions ?? 1 : 1;
  const grown = [
    ...(finding.rows > growth * Math.max(entry.rows, LEAST.rows)
      ? [`${countOf(finding.rows, 'row')} from ${count(entry.rows)}`] : []),
    ...(finding.bytes > growth * Math.max(entry.bytes, LEAST.bytes)
      ? [`${size(finding.bytes)} from ${size(entry.bytes)}`] : []),
    ...(executions > growth * (entry.executions ?? 1)
      ? [`${countOf(executions, 'execution')} from ${count(entry.executions ?? 1)}`] : []),
  ];
  if (grown.length > 0) {
    return { isKnown: false, says: `grown to ${grown.join(', to ')} in the baseline (more than ${growth} times)` };
  }
  if (finding.isCutUnmeasured && kinds.includes('cut')) {
    return { isKnown: false, says: 'in the baseline, but cut before its end: its whole size is not known' };
  }
  return { isKnown: true, says: 'known: in the baseline' };
}

/** An entry counts as at least this much, so that a result that was empty is not a growth without bounds. */
const LEAST = { rows: 1, bytes: 1024 };
