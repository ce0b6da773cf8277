import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';

// The test files of `npm run test:quick`: those that start no server and no built program. The text of all modules that
// a file imports decides, so a new test file needs no entry in a list. setup.test.ts checks the result with the
// compiler.

const TEST = fileURLToPath(new URL('..', import.meta.url));

/** Programs that every machine with Node.js and npm has. */
export const QUICK_PROGRAMS: readonly string[] = ['node', 'sh', 'mkfifo'];

/** The functions that start the program of their first argument, and the module of ours that declares some of them. */
const STARTERS: readonly string[] = ['spawn', 'spawnSync', 'execFile', 'execFileSync', 'run', 'runOk'];
const RUN = join(TEST, 'support/run.ts');

const IMPORT = /^(?:import|export)\b(?! type)[^;]*?from '(\.[^']+)';|\bimport\('(\.[^']+)'\)/gm;

/** A path of the built program, which needs a build, and a third of a second for each start. */
const BUILT = /\bdist\//;

const IMPORT_OF_STARTERS = /^import \{([^}]*)\} from '(?:node:child_process|\.[^']*\/run\.js)';/gm;

/** The absolute paths of all test files, sorted. */
export const testFiles = (): readonly string[] =>
  readdirSync(TEST, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.test.ts')).sort()
    .map((name) => join(TEST, name));

/**
 * Files that start neither. Two play simulated worlds for longer than all others of their folder take, and one runs quick
 * tests.
 */
const LONG: ReadonlySet<string> = new Set([
  'simulation/simulation.test.ts', 'proof/mutations.test.ts', 'proof/nodeVersions.test.ts',
]);

/** Selects quick files. Returns their absolute paths, sorted. */
export const quickFiles = (): readonly string[] => {
  const texts = new Map<string, string>();
  return testFiles().filter((file) => !LONG.has(relative(TEST, file)) &&
    [...modulesOf([file], texts)].every((module) => isQuick(module, texts.get(module)!)));
};

/**
 * The processes of the quick tests, and the folders and rooms that share them: a process needs longer to start
 * than most files to run. Those that wait for timers start first, then those that take longest, so that the last one to
 * end is a short one. Any other folder has a process of its own.
 */
const PROCESSES: Readonly<Record<string, readonly string[]>> = {
  hostile: ['hostile'],
  relay: ['relay'],
  policy: ['policy', 'report', 'sql', 'statistics', 'text'],
  ends: ['ends', 'control', 'proof', 'setup'],
  telemetry: ['telemetry', 'admin', 'audit', 'demo'],
  conversation: ['conversation'],
  'relay/flow': ['relay/flow', 'relay/login', 'relay/tls'],
  protocol: ['protocol', 'config'],
  'relay/session': ['relay/session'],
  help: ['help', '.', 'cli', 'differential', 'simulation', 'workers'],
};

const SHARED = new Map(Object.entries(PROCESSES).flatMap(([name, places]) => places.map((place) => [place, name])));

/** The process of a file: that of the innermost folder around it that has one. */
const processOf = (file: string): string => {
  const [first, ...rest] = relative(TEST, file).split('/') as [string, ...string[]];
  if (rest.length === 0) return SHARED.get('.')!;
  const places = rest.map((_, index) => [first, ...rest.slice(0, index)].join('/'));
  const found = places.findLast((place) => SHARED.has(place));
  return found === undefined ? first : SHARED.get(found)!;
};

/** The quick files of each process, by its name, which is that of a folder in `test`, in the order in which they start. */
export const quickProcesses = (): ReadonlyMap<string, readonly string[]> => {
  const processes = new Map<string, string[]>(Object.keys(PROCESSES).map((name) => [name, []]));
  for (const file of quickFiles()) {
    const name = processOf(file);
    processes.set(name, [...processes.get(name) ?? [], file]);
  }
  return processes;
};

const ROOT = join(TEST, '..');
/** The flags make a collection of garbage cheaper, as most garbage of the tests is young. */
const ARGS = [
  '--max-semi-space-size=32', '--single-threaded-gc', '--import=./test/setup/transpile.mjs', './test/setup/together.ts',
];

/**
 * Runs the files of one process, as a subtest.
 * @param node the program of the Node.js that runs them
 */
export const runQuickFiles = (t: Test, node: string, name: string, files: readonly string[]): void => {
  const env = { ...process.env, SLUICE_TEST_FILES: files.join('\n') };
  void t.spawn(node, [...ARGS, name], { cwd: ROOT, buffered: true, env }, `test/${name}`);
};

/**
 * Follows imports, but those of types alone.
 * @param texts keeps the text of each module that was read
 * @returns these files and all modules of the test code that they import
 */
export const modulesOf = (files: readonly string[], texts = new Map<string, string>()): ReadonlySet<string> => {
  const found = new Set<string>();
  const follow = (file: string): void => {
    if (found.has(file) || !file.startsWith(TEST) || !existsSync(file)) return;
    found.add(file);
    const text = texts.get(file) ?? readFileSync(file, 'utf8');
    texts.set(file, text);
    for (const [, from, dynamic] of text.matchAll(IMPORT)) {
      follow(join(dirname(file), (from ?? dynamic)!).replace(/\.js$/, '.ts'));
    }
  };
  for (const file of files) follow(file);
  return found;
};

const isQuick = (module: string, text: string): boolean => {
  if (BUILT.test(text)) return false;
  const imported = [...text.matchAll(IMPORT_OF_STARTERS)].flatMap(([, names]) => names!.match(/\w+/g) ?? []);
  const starters = imported.filter((name) => STARTERS.includes(name));
  if (module === RUN || starters.length === 0) return true;
  const starts = text.matchAll(new RegExp(`(?<![.\\w])(?:${starters.join('|')})\\(\\s*([^,)\\s]+)`, 'g'));
  return [...starts].every(([, argument]) => QUICK_PROGRAMS.includes(programOf(argument!)));
};

/** The name of a program that a start names; the argument itself when it is no literal. */
const programOf = (argument: string): string => {
  if (argument === 'process.execPath') return 'node';
  const [, literal] = /^'([^']+)'$/.exec(argument) ?? [];
  return literal === undefined ? argument : basename(literal);
};
