import { findingText, type FindingText } from './findingText.js';
import type { JudgedFinding } from './judgedFinding.js';
import type { Verdict } from './verdict.js';
import { caveats, headline } from './verdictText.js';

/**
 * A verdict as JUnit's XML: a case for each digest, which fails if it breaks the policy.
 * Source: https://github.com/jenkinsci/xunit-plugin, junit-10.xsd
 */
export function junit(verdict: Verdict): string {
  const { broken, tolerated, passed, leftOut } = verdict;
  const cases = [...broken, ...tolerated, ...passed];
  const overflow = leftOut.executions === 0 ? [] : [overflowCase(verdict)];
  const failures = broken.length + (leftOut.broken > 0 ? 1 : 0);
  const counts = { tests: cases.length + overflow.length, failures, errors: 0 };
  const durationMs = cases.reduce((sum, { finding }) => sum + finding.durationMs, 0);
  const notes = [headline(verdict), ...caveats(verdict)].join('\n');
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    element('testsuites', { name: SUITE, ...counts, time: seconds(durationMs) }),
    element('testsuite', { name: SUITE, ...counts, skipped: 0, time: seconds(durationMs) }),
    ...cases.flatMap(caseOf), ...overflow,
    `<system-out>${escaped(notes)}</system-out>`, '</testsuite>', '</testsuites>', '',
  ].join('\n');
}

const SUITE = 'sluice';

function caseOf(one: JudgedFinding): string[] {
  const { finding: { durationMs, gravest }, isBroken } = one;
  const text = findingText(one);
  const name = text.statement === '' ? text.digest : `${text.digest} ${text.statement}`;
  const begin = element('testcase', { name, classname: `${SUITE}.${text.digest}`, time: seconds(durationMs) });
  const details = [text.summary, ...text.facts.map(([fact, value]) => `${fact}: ${value}`), text.statement].join('\n');
  if (!isBroken) {
    return [begin, ...(gravest === null ? [] : [`<system-out>${escaped(details)}</system-out>`]), '</testcase>'];
  }
  const failure = element('failure', { type: gravest ?? 'baseline', message: messageOf(text) });
  return [begin, `${failure}${escaped(details)}</failure>`, '</testcase>'];
}

function messageOf({ summary, position }: FindingText): string {
  return position === '' ? summary : `${summary} (${position})`;
}

/** A case for all digests that were not kept. */
function overflowCase({ leftOut }: Verdict): string {
  const begin = element('testcase', { name: '(all other digests)', classname: SUITE, time: '0' });
  const says = `${leftOut.broken} of ${leftOut.executions} executions of digests that are not kept break the policy`;
  const failure = element('failure', { type: 'overflow', message: says });
  return `${begin}${leftOut.broken === 0 ? '' : `${failure}</failure>`}</testcase>`;
}

function element(name: string, attributes: Readonly<Record<string, string | number>>): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(String(value))}"`);
  return `<${name}${written.join('')}>`;
}

const seconds = (ms: number): string => (ms / 1000).toFixed(3);

/** Text in XML 1.0. Characters that it cannot have (2.2 Char) become U+FFFD. */
function escaped(text: string): string {
  return text.replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replace(/[&<>"'\t\r]/g, (character) => `&#${character.charCodeAt(0)};`);
}
