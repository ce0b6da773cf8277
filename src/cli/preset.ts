import { readFileSync } from 'node:fs';
import { type Arguments, type Command, didYouMean, EXIT_CODES, refused } from './command.js';

// The command `preset`: it prints a complete configuration for a common use, from the folder `presets` beside this one.

/** The purpose of each preset. */
export const PRESETS: ReadonlyMap<string, string> = new Map([
  ['sidecar', 'beside one application: cut what would not fit into its memory'],
  ['staging', 'in front of a staging database: low limits for everybody'],
  ['audit', 'in front of a database: record what is large, cut nothing'],
  ['ci', 'under sluice run: record what a test suite reads, the same at each run'],
  ['agent', 'before an assistant: small results, schema questions, no changes'],
]);

/** @throws {UsageError} */
function nameFrom({ _: words }: Arguments): string | null {
  const [name, extra]: string[] = Array.isArray(words) ? words.slice(1).map(String) : [];
  if (extra !== undefined) throw refused(`expected one preset, got ${JSON.stringify(extra)} as well`);
  const known = [...PRESETS.keys()];
  if (name === undefined || PRESETS.has(name)) return name ?? null;
  throw refused(`unknown preset ${JSON.stringify(name)}${didYouMean(name, known) || `, known: ${known.join(', ')}`}`);
}

function listOfPresets(): string {
  const width = Math.max(...[...PRESETS.keys()].map((name) => name.length));
  return [
    'sluice preset NAME prints one of these; set its upstream, and check it with sluice check --config:', '',
    ...[...PRESETS].map(([name, about]) => `  ${name.padEnd(width)}  ${about}`), '',
  ].join('\n');
}

/** Prints a preset, or the list of presets. */
export const preset: Command = {
  name: 'preset',
  describe: 'print a complete configuration for a common use, or list these uses',
  operands: '[NAME]',
  options: {},
  async run(given) {
    const name = nameFrom(given);
    const text = name === null
      ? listOfPresets() : readFileSync(new URL(`../presets/${name}.json`, import.meta.url), 'utf8');
    process.stdout.write(text);
    return EXIT_CODES.ok;
  },
};
