import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { aboutOf, TOPICS } from '../../src/cli/help.js';
import { flagLines, metricItems, ruleItems, settingItems } from './lists.js';
import { adviceLines, asBlock, explanationLines, reportLines } from './outputs.js';

// The parts of the documents that `npm run documents` makes from the code.

const ROOT = new URL('../../', import.meta.url);

/** The number of columns that a browser shows without scrolling. */
const README_WIDTH = 110;

/** A part of a document: the pattern that finds it, and its text. */
interface Part {
  readonly finds: RegExp;
  make(text: string): string;
}

/** All items of the list that begins with this one. */
const listFrom = (first: string): RegExp => new RegExp(`^- \`${first}\`.*\n(?:(?:- |  ).*\n)*`, 'm');
/** A block of code that is indented and begins with this line. */
const blockFrom = (first: string): RegExp => new RegExp(`^    ${first}.*\n(?:(?:    .*)?\n)*(?=\\S)`, 'm');
/** A fenced block of output that begins with this line. */
const fenceFrom = (first: string): RegExp => new RegExp(`(?<=^\`\`\`text\n)${first}.*\n(?:(?!\`\`\`).*\n)*`, 'm');

const list = (items: readonly string[]): string => `${items.join('\n')}\n`;
const topicLink = (topic: string): string => `- [${topic}](src/help/${topic}.md): ${aboutOf(topic)}`;
const block = (lines: readonly string[]): string => `${asBlock(lines)}\n\n`;

const PARTS: Readonly<Record<string, readonly Part[]>> = {
  'README.md': [
    { finds: fenceFrom('# Overall'), make: () => list(reportLines(['--order', 'cuts'], README_WIDTH)) },
    { finds: fenceFrom('# Limits of'), make: () => list(adviceLines({ isWhole: false }, README_WIDTH)) },
    { finds: /^- \[configuration\].*\n(?:- .*\n)*/m, make: () => list(TOPICS.map(topicLink)) },
  ],
  'src/help/configuration.md': [
    { finds: blockFrom('flag '), make: () => block(flagLines()) },
    { finds: listFrom('listen'), make: () => list(settingItems()) },
  ],
  'src/help/rules.md': [
    { finds: listFrom('name'), make: () => list(ruleItems()) },
    { finds: blockFrom('user '), make: (text) => block(explanationLines(text)) },
  ],
  'src/help/reports.md': [
    { finds: blockFrom('# Overall'), make: () => block(reportLines([])) },
    { finds: blockFrom('# Limits of'), make: () => block(adviceLines({ isWhole: true })) },
  ],
  'src/help/metrics.md': [{ finds: listFrom('sluice_build_info'), make: () => list(metricItems()) }],
};

/** The documents with such parts, relative to the root of the project. */
export const DOCUMENTS: readonly string[] = Object.keys(PARTS);

/** The command that makes the parts again. */
export const COMMAND = 'npm run documents';

/** The path of a document. */
export const pathOf = (document: string): string => fileURLToPath(new URL(document, ROOT));

/** A document with its parts made from the code. */
export const madeAnew = (document: string): string => {
  let text = readFileSync(pathOf(document), 'utf8');
  for (const { finds, make } of PARTS[document] ?? []) {
    if (!finds.test(text)) throw new Error(`${document} has nothing like ${finds.source}`);
    const made = make(text);
    text = text.replace(finds, () => made);
  }
  return text;
};
