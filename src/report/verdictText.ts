import { oneLine } from '../audit/plainText.js';
import { count, countOf, size } from './amounts.js';
import { isEmpty, type FailPolicy } from './failPolicy.js';
import { findingText } from './findingText.js';
import type { JudgedFinding } from './judgedFinding.js';
import type { Verdict } from './verdict.js';

/** A verdict as text for people: first the digests that break the policy, then the other findings. */
export function verdictText(verdict: Verdict): string {
  const { broken, tolerated } = verdict;
  const lines = [
    headline(verdict), ...caveats(verdict),
    ...section('Breaks the policy', broken),
    ...section(isEmpty(verdict.policy) ? 'Found' : 'Found, and no failure', tolerated),
  ];
  return lines.join('\n');
}

/** The outcome in one sentence: whether the policy is broken, and how many digests were seen. */
export function headline(verdict: Verdict): string {
  const { policy, broken, tolerated, passed, leftOut, isBroken, executions, refusals } = verdict;
  const digests = broken.length + tolerated.length + passed.length;
  const seen = `${countOf(executions, 'execution')}${refusals === 0 ? '' : `, ${countOf(refusals, 'refusal')}`} of ` +
    `${leftOut.executions > 0 ? 'more than ' : ''}${countOf(digests, 'digest')}`;
  if (isEmpty(policy)) return `Found something of ${countOf(tolerated.length, 'digest')}: ${seen}`;
  if (!isBroken) return `Policy kept: ${seen}`;
  return `Policy broken by ${leftOut.broken > 0 ? 'more than ' : ''}${countOf(broken.length, 'digest')}: ${seen}`;
}

/** The conditions of a policy, as in `fails on cut, would-cut; known: 12 digests`. */
function policyWords({ failOn, baseline, growth, maxRows, maxBytes, maxExecutions }: FailPolicy): string {
  const conditions = [...failOn].map((kind) => {
    if (kind === 'max-rows') return `more than ${countOf(maxRows, 'row')}`;
    if (kind === 'max-bytes') return `more than ${size(maxBytes)}`;
    return kind === 'repeated' ? `repeated (more than ${countOf(maxExecutions, 'execution')})` : kind;
  });
  const any = conditions.length === 0 ? 'any execution' : conditions.join(', ');
  return baseline === null
    ? `fails on ${any}` : `fails on ${any} that is new or ${growth} times larger than in the baseline`;
}

/** Notes for reading a verdict correctly; empty if there are none. */
export function caveats({ policy, leftOut, unscoped, gaps }: Verdict): string[] {
  return [
    ...gaps,
    ...(isEmpty(policy) ? [] : [`The policy ${policyWords(policy)}`]),
    ...(leftOut.executions === 0 ? [] : [
      `Of more digests than are kept: ${countOf(leftOut.executions, 'execution')}, of which ${count(leftOut.broken)} ` +
      'break the policy',
    ]),
    ...(unscoped === 0 ? [] : [
      `Not looked at for repetitions: ${countOf(unscoped, 'execution')} outside of transactions and traces`,
    ]),
  ];
}

function section(title: string, all: readonly JudgedFinding[]): string[] {
  if (all.length === 0) return [];
  const hidden = all.length - MOST_SHOWN;
  return [
    '', `${title}:`,
    ...all.slice(0, MOST_SHOWN).flatMap((one) => {
      const { digest, summary, facts, statement } = findingText(one);
      const known = facts.map(([name, value]) => `${name}: ${value}`).join('; ');
      const shown = statement === '' ? [] : [`    Statement: ${oneLine(statement, LONGEST_LINE)}`];
      return [`  ${digest}  ${summary}`, `    ${known}`, ...shown];
    }),
    ...(hidden > 0 ? [`  and ${countOf(hidden, 'more digest')}`] : []),
  ];
}

const MOST_SHOWN = 50;
const LONGEST_LINE = 160;
