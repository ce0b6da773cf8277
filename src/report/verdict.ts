import type { FailPolicy } from './failPolicy.js';
import type { FindingTable } from './findingTable.js';
import { FINDING_KINDS } from './findingKind.js';
import { judged, type JudgedFinding } from './judgedFinding.js';

/** The judgement of a policy about all findings. */
export interface Verdict {
  readonly policy: FailPolicy;
  readonly isBroken: boolean;
  /** The digests that break the policy; then those with other findings; then all others. */
  readonly broken: readonly JudgedFinding[];
  readonly tolerated: readonly JudgedFinding[];
  readonly passed: readonly JudgedFinding[];
  readonly executions: number;
  readonly refusals: number;
  /** Executions and refused statements of digests that are not kept, and how many of these break the policy. */
  readonly leftOut: FindingTable['leftOut'];
  /** Executions outside of traces and transactions; counted only if repetitions are looked for. */
  readonly unscoped: number;
  /** The reasons why the verdict is not complete, such as clients that did not connect to the proxy. */
  readonly gaps: readonly string[];
}

/**
 * Judges all findings.
 * @param nowMs the time of day, for entries of the baseline that end
 * @param gaps sentences about traffic that was not seen
 */
export function verdictOn(
  table: FindingTable, policy: FailPolicy, nowMs: number, gaps: readonly string[] = [],
): Verdict {
  const all = [...table.findings].map((finding) => judged(finding, policy, nowMs)).sort(byGravity);
  const broken = all.filter(({ isBroken }) => isBroken);
  const others = all.filter(({ isBroken }) => !isBroken);
  const { executions, refusals, leftOut, unscoped } = table;
  return {
    policy, broken, executions, refusals, leftOut, gaps,
    isBroken: broken.length > 0 || leftOut.broken > 0,
    tolerated: others.filter(({ finding }) => finding.gravest !== null),
    passed: others.filter(({ finding }) => finding.gravest === null),
    unscoped: policy.maxExecutions === Infinity ? 0 : unscoped,
  };
}

/** The gravest first, then those with the largest results; the digest decides between equals. */
function byGravity({ finding: one }: JudgedFinding, { finding: other }: JudgedFinding): number {
  const gravity = ({ gravest }: typeof one): number =>
    (gravest === null ? FINDING_KINDS.length : FINDING_KINDS.indexOf(gravest));
  return gravity(one) - gravity(other) || other.bytes - one.bytes || (one.digest < other.digest ? -1 : 1);
}
