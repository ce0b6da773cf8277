import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type Arguments, type Command, didYouMean, EXIT_CODES, refused } from './command.js';

// The command `help`: it prints the documentation, one Markdown file for each topic, from the folder `help` beside this
// one.

/** The topics, in the order of the list. */
export const TOPICS: readonly string[] = [
  'configuration', 'rules', 'records', 'reports', 'ci', 'operations', 'encryption', 'metrics', 'telemetry',
  'limits', 'performance', 'troubleshooting',
];

const DEFAULT_PAGER = 'less -R';
/** A shell's exit codes for a program that it cannot run, or cannot find (POSIX, Shell Command Language, 2.8.2). */
const CANNOT_RUN: readonly unknown[] = [126, 127];

/** @throws {UsageError} */
function topicFrom({ _: words }: Arguments): string | null {
  const [topic, extra]: string[] = Array.isArray(words) ? words.slice(1).map(String) : [];
  if (extra !== undefined) throw refused(`expected one topic, got ${JSON.stringify(extra)} as well`);
  if (topic === undefined || TOPICS.includes(topic)) return topic ?? null;
  const remedy = didYouMean(topic, TOPICS) || `, known: ${TOPICS.join(', ')}`;
  throw refused(`unknown topic ${JSON.stringify(topic)}${remedy}`);
}

function textOf(topic: string): string {
  return readFileSync(new URL(`../help/${topic}.md`, import.meta.url), 'utf8');
}

/** The subject of a topic: the part of its heading after its name. */
export function aboutOf(topic: string): string {
  return /^# \w+: (.*)$/m.exec(textOf(topic))?.[1] ?? '';
}

function listOfTopics(): string {
  const width = Math.max(...TOPICS.map((topic) => topic.length));
  return [
    'sluice help TOPIC prints one of these:', '',
    ...TOPICS.map((topic) => `  ${topic.padEnd(width)}  ${aboutOf(topic)}`), '',
    'sluice --help lists the commands and flags.', '',
  ].join('\n');
}

/** Shows a text page by page. @returns whether the pager could be run */
async function page(text: string, pager: string): Promise<boolean> {
  const stay = (): void => {}; // Ctrl-C is for the pager
  process.on('SIGINT', stay);
  const child = spawn(pager, { shell: true, stdio: ['pipe', 'inherit', 'inherit'] });
  child.stdin.on('error', () => {}); // the reader has seen enough
  child.stdin.end(text);
  const [code] = (await once(child, 'close')) as unknown[];
  process.off('SIGINT', stay);
  return !CANNOT_RUN.includes(code);
}

/** Prints one topic, or the list of topics. On a terminal it uses a pager. */
export const help: Command = {
  name: 'help',
  describe: 'print a help topic, or list the topics',
  operands: '[TOPIC]',
  operandValues: TOPICS,
  options: {},
  async run(given) {
    const topic = topicFrom(given);
    if (topic === null) {
      process.stdout.write(listOfTopics());
      return EXIT_CODES.ok;
    }
    const text = textOf(topic);
    const isShown = process.stdout.isTTY && (await page(text, process.env['PAGER'] || DEFAULT_PAGER));
    if (!isShown) process.stdout.write(text);
    return EXIT_CODES.ok;
  },
};
