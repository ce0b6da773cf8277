import { detailsOf, findingText } from './findingText.js';
import type { JudgedFinding } from './judgedFinding.js';
import type { Verdict } from './verdict.js';
import { headline } from './verdictText.js';
import { countOf } from './amounts.js';

/**
 * A verdict as GitHub's workflow commands: an error for each digest that breaks the policy, a warning for each other of
 * which something was found.
 * Source: https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions, and the escaping of
 * actions/toolkit, packages/core/src/command.ts
 */
export function github(verdict: Verdict): string {
  const { broken, tolerated, isBroken, gaps } = verdict;
  return [
    ...annotations('error', broken), ...annotations('warning', tolerated),
    ...gaps.map((gap) => command('warning', { title: 'Sluice' }, gap)),
    command(isBroken ? 'error' : 'notice', { title: 'Sluice' }, headline(verdict)),
    '',
  ].join('\n');
}

/** GitHub shows ten errors and ten warnings of a step. One error is that of the whole. */
const MOST_SHOWN = 9;

function annotations(level: 'error' | 'warning', all: readonly JudgedFinding[]): string[] {
  const hidden = all.length - MOST_SHOWN;
  return [
    ...all.slice(0, MOST_SHOWN).map((one) => annotation(level, one)),
    ...(hidden > 0 ? [command('notice', { title: 'Sluice' }, `And ${countOf(hidden, 'more digest')}`)] : []),
  ];
}

function annotation(level: 'error' | 'warning', one: JudgedFinding): string {
  const { position } = one.finding;
  const text = findingText(one);
  const place = position === null ? {} : { file: position.file, line: String(position.line) };
  return command(level, { ...place, title: `Sluice: ${text.digest}` }, detailsOf(text));
}

function command(name: string, properties: Readonly<Record<string, string>>, message: string): string {
  const written = Object.entries(properties).map(([key, value]) => `${key}=${escapedProperty(value)}`);
  return `::${name} ${written.join(',')}::${escapedData(message)}`;
}

function escapedData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapedProperty(text: string): string {
  return escapedData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
