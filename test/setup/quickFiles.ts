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

/** Files that start neither, and play simulated worlds for longer than all others of their folder take. */
const LONG: ReadonlySet<string> = new Set(['simulation/simulation.test.ts', 'proof/mutations.test.ts']);

/** Selects quick files. Returns their absolute paths, sorted. */
export const quickFiles = (texts = new Map<string, string>()): readonly string[] =>
  testFiles().filter((file) => !LONG.has(relative(TEST, file)) &&
    [...modulesOf([file], texts)].every((module) => isQuick(module, texts.get(module)!)));

/** Small folders that share a process with another one. Their tests hold no connections, and wait for no timers. */
const SHARING: Readonly<Record<string, string>> = {
  '.': 'help', admin: 'telemetry', audit: 'telemetry', differential: 'help', report: 'policy', sql: 'policy',
  statistics: 'policy', text: 'policy',
};

/** The process of a file: that of its folder in `test`, or of its room in `relay`. */
const processOf = (file: string): string => {
  const folder = relative(TEST, dirname(file)) || '.';
  const [top] = folder.split('/') as [string];
  return top === 'relay' ? folder : SHARING[top] ?? top;
};

/**
 * Divides the quick files among processes: one for all files of a folder or two, since a process needs longer to start
 * than most files to run. A file that starts a program has a process of its own: it mostly waits.
 * @returns the files of each process, by the file's or the folder's path in `test`: the longest texts first, since they
 *   take longest, and the last process to end should be a short one
 */
export const quickProcesses = (): ReadonlyMap<string, readonly string[]> => {
  const texts = new Map<string, string>();
  const processes = new Map<string, string[]>();
  for (const file of quickFiles(texts)) {
    const starts = [...modulesOf([file], texts)].some((module) => texts.get(module)!.includes("'node:child_process'"));
    const name = starts ? relative(TEST, file) : processOf(file);
    processes.set(name, [...processes.get(name) ?? [], file]);
  }
  const length = (files: readonly string[]): number => files.reduce((sum, file) => sum + texts.get(file)!.length, 0);
  return new Map([...processes].sort(([, some], [, others]) => length(others) - length(some)));
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
