import { findingText } from './findingText.js';
import type { JudgedFinding } from './judgedFinding.js';
import type { Verdict } from './verdict.js';
import { caveats, headline } from './verdictText.js';
import { countOf } from './amounts.js';

/** A verdict as Markdown, as for GitHub's summary of a job. */
export function markdown(verdict: Verdict): string {
  const { broken, tolerated } = verdict;
  return [
    `### Sluice: ${escaped(headline(verdict))}`, '',
    ...caveats(verdict).map((line) => `- ${escaped(line)}`),
    ...table('Breaks the policy', broken),
    ...table('Found', tolerated),
    '',
  ].join('\n');
}

/** GitHub takes 1 MiB for all summaries of a step. */
const MOST_SHOWN = 100;

function table(title: string, all: readonly JudgedFinding[]): string[] {
  if (all.length === 0) return [];
  const hidden = all.length - MOST_SHOWN;
  return [
    '', `#### ${title}`, '', '| Digest | What | Details | Statement |', '| --- | --- | --- | --- |',
    ...all.slice(0, MOST_SHOWN).map((one) => {
      const { digest, summary, facts, statement } = findingText(one);
      const details = facts.map(([name, value]) => `${name}: ${escaped(value)}`).join('<br>');
      return `| ${escaped(digest)} | ${escaped(summary)} | ${details} | ${escaped(statement)} |`;
    }),
    ...(hidden > 0 ? ['', `And ${countOf(hidden, 'more digest')}.`] : []),
  ];
}

/**
 * Text that Markdown shows as itself. Every character that could begin a mark-up, a link, a mention or a tag is written
 * as an entity (CommonMark 6.2: an entity never counts as mark-up).
 */
function escaped(text: string): string {
  const safe = PLAIN.test(text) ? text : text.replace(MARKS, (character) => `&#${character.charCodeAt(0)};`);
  return safe.replace(/(?<=www)\./gi, '&#46;');
}

const MARKS = /[\\`*_{}[\]<>()#+!|&~$@:^=/"'-]/g;

/** Words and numbers with the usual punctuation, in which nothing can be mark-up. */
const PLAIN = /^[\w ,;.:%-]*$/;
