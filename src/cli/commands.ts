import type { Command } from './command.js';

// The commands. The code of one is loaded only if the command line may mean it: orchestrators run `sluice health` every
// few seconds, and need not wait for the code of reports.

const START = 'start';

/** In the order of the help. */
const LOADERS: Readonly<Record<string, () => Promise<Command>>> = {
  [START]: async () => (await import('./start.js')).start,
  run: async () => (await import('./run.js')).run,
  check: async () => (await import('./check.js')).check,
  health: async () => (await import('./health.js')).health,
  report: async () => (await import('./report.js')).report,
  baseline: async () => (await import('./baseline.js')).baseline,
  advise: async () => (await import('./advise.js')).advise,
  preset: async () => (await import('./preset.js')).preset,
  inject: async () => (await import('./inject.js')).inject,
  demo: async () => (await import('./demo.js')).demo,
  schema: async () => (await import('./schema.js')).schema,
  completion: async () => (await import('./completion.js')).completion(allCommands),
  help: async () => (await import('./help.js')).help,
};

/** `--help`, or `-h`, perhaps after other letters. */
const HELP_FLAG = /^(?:--help|-[A-Za-z]*h)/;

/** The names of all commands. */
export const COMMAND_NAMES: readonly string[] = Object.keys(LOADERS);

/** Loads all commands. */
export function allCommands(): Promise<Command[]> {
  return load(COMMAND_NAMES);
}

/**
 * Loads the commands that a command line may mean. If a command's name comes first, that is one command. If flags come
 * first, these are the default command and each command whose name follows somewhere. The help that lists the commands
 * needs all.
 */
export function commandsFor(args: readonly string[]): Promise<Command[]> {
  const [first = ''] = args;
  if (COMMAND_NAMES.includes(first)) return load([first]);
  if (args.some((word) => HELP_FLAG.test(word))) return allCommands();
  return load(COMMAND_NAMES.filter((name) => name === START || args.includes(name)));
}

function load(names: readonly string[]): Promise<Command[]> {
  return Promise.all(names.map((name) => LOADERS[name]!()));
}
