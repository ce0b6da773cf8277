import { oneLine } from '../audit/plainText.js';
import type { HeavyHitters } from '../statistics/heavyHitters.js';
import { count, countOf, size } from './amounts.js';
import type { JudgedFinding } from './judgedFinding.js';

/** A finding in words, for all formats: each text on one line, without control characters, of a bounded length. */
export interface FindingText {
  /** The digest; `(unknown statements)` if it is not known. */
  readonly digest: string;
  /** The finding, compared to the baseline. */
  readonly summary: string;
  /** Further facts, by name. */
  readonly facts: readonly (readonly [name: string, value: string])[];
  /** The statement without its literals; empty if not known. */
  readonly statement: string;
  /** The place in the code from which it comes: `app/orders.rb:12`; empty if not known. */
  readonly position: string;
}

/** Puts a finding into words. */
export function findingText({ finding, found, compared }: JudgedFinding): FindingText {
  const { digest, digestText, position, repetition, rows, bytes, executions, isLowerBound } = finding;
  const at = position === null ? '' : `${oneLine(position.file, LONGEST_PATH)}:${position.line}`;
  const atLeast = isLowerBound ? 'at least ' : '';
  const fact = (name: string, value: string): [string, string][] => (value === '' ? [] : [[name, value]]);
  const what = found.length === 0 ? countOf(executions, 'execution') : found.join('; ');
  return {
    digest: digest === '' ? '(unknown statements)' : oneLine(digest, LONGEST_NAME),
    summary: compared === null ? what : `${what}; ${compared}`,
    statement: oneLine(digestText ?? '', LONGEST_STATEMENT),
    position: at,
    facts: [
      ...fact('Largest', executions === 0 ? '' : `${atLeast}${countOf(rows, 'row')}, ${atLeast}${size(bytes)}`),
      ...fact('Executions', executions === 0 ? '' : count(executions)),
      ...fact('Most in one scope', repetition === null ? ''
        : `${countOf(repetition.executions, 'execution')} in ${repetition.scope}, ${countOf(repetition.rows, 'row')}`),
      ...fact('At', at),
      ...fact('Test', listOf(finding.tests)),
      ...fact('Route', listOf(finding.routes)),
      ...fact('User', listOf(finding.users)),
      ...fact('Program', listOf(finding.programs)),
      ...fact('Rule', listOf(finding.rules)),
    ],
  };
}

/** All of a finding but its digest, a line for each: the summary, the facts, and the statement if it is known. */
export function detailsOf({ summary, facts, statement }: FindingText): string {
  const lines = [summary, ...facts.map(([name, value]) => `${name}: ${value}`), statement];
  return lines.filter((line) => line !== '').join('\n');
}

const LONGEST_STATEMENT = 1000;
const LONGEST_NAME = 120;
const LONGEST_PATH = 400;

function listOf(names: HeavyHitters<unknown>): string {
  const shown = names.heaviest().map(({ key }) => oneLine(key, LONGEST_NAME));
  return shown.length === 0 ? '' : `${shown.join(', ')}${names.hasForgotten ? ', …' : ''}`;
}
