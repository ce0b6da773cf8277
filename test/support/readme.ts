import { readFileSync } from 'node:fs';

/** The text of the README. */
export const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

/** The fenced blocks of one language in a text. */
export const blocksIn = (text: string, language: string): string[] =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, block = '']) => block);

/** The commands of the README, one line each, in their order. */
export const commands: readonly string[] = blocksIn(README, 'sh').flatMap((block) => block.trimEnd().split('\n'));

/** The only one of these. @throws if there is none, or another one */
const theOnly = (found: readonly string[], description: string): string => {
  const [command, another] = found;
  if (command !== undefined && another === undefined) return command;
  throw new Error(`the README has ${found.length} commands ${description}`);
};

/** The README's command that begins with these words. @throws if there is none, or another one */
export const commandThatBegins = (beginning: string): string =>
  theOnly(commands.filter((command) => command.startsWith(beginning)), `that begin with ${beginning}`);

/** The README's command with exactly these words. @throws if there is none, or another one */
export const commandThatIs = (wanted: string): string =>
  theOnly(commands.filter((command) => command === wanted), wanted);
