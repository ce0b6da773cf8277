import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { LANGUAGES } from '../support/drivers.js';
import { modulesOf, QUICK_PROGRAMS, quickFiles, quickProcesses } from './quickFiles.js';
import { startedPrograms } from './startedPrograms.js';

const TEST = fileURLToPath(new URL('..', import.meta.url));
const SETUP = join(TEST, 'setup');

/** The shell runs the set-up and Node.js the tests, so that both are there. */
const GIVEN = ['node', 'sh'];

// The benchmarks have a set-up of their own, and say what they did not find.
const isTestCode = (file: string): boolean => file.startsWith(TEST) && !file.startsWith(join(TEST, 'bench/'));

const files = readdirSync(TEST, { recursive: true, encoding: 'utf8' })
  .map((name) => join(TEST, name)).filter((file) => file.endsWith('.ts') && isTestCode(file));
const started = startedPrograms(files, isTestCode);

/** The programs that the set-up checks. */
const CHECK = /(?:command -v |\/usr\/bin\/)([\w-]+)/g;
const checked = new Set([...readFileSync(join(SETUP, 'install'), 'utf8').matchAll(CHECK)].map(([, name]) => name!));

t.test('finds the program of every start in the test code', (t) => {
  t.strictSame(started.unknown, []);
  t.ok(started.programs.size > 12, `there are programs to look at: ${[...started.programs].sort().join(' ')}`);
  t.end();
});

t.test('installs every program that a test starts', (t) => {
  t.strictSame([...started.programs].filter((name) => !checked.has(name) && !GIVEN.includes(name)).sort(), []);
  t.end();
});

t.test('unpacks every program of MySQL 9 that a test starts, and no other', (t) => {
  const unpacked = readFileSync(join(SETUP, 'mysql9-programs'), 'utf8').trim().split('\n');
  t.strictSame([...started.mysql9].sort(), unpacked);
  t.end();
});

t.test('installs the tools of every language whose drivers the tests use', (t) => {
  const toolchains = /^toolchains=\(\n(.*?)^\)/ms.exec(readFileSync(join(SETUP, 'install'), 'utf8'))?.[1] ?? '';
  const folders = readdirSync(join(TEST, 'clients')).sort();
  t.strictSame([...toolchains.matchAll(/^ {2}'(\w+)\|/gm)].map(([, language]) => language!).sort(), folders);
  t.strictSame([...LANGUAGES].sort(), folders);
  t.end();
});

t.test('each quick file runs in one process, and no process is left without files', (t) => {
  const processes = [...quickProcesses()];
  t.strictSame(processes.flatMap(([, files]) => files).sort(), quickFiles());
  t.strictSame(processes.filter(([, files]) => files.length === 0).map(([name]) => name), []);
  t.end();
});

t.test('the quick tests start no server, no built program, and none that a machine with Node.js may lack', (t) => {
  const quick = quickFiles();
  const modules = modulesOf(quick);
  const { programs, mysql9, unknown } = startedPrograms(quick, (file) => modules.has(file));
  t.strictSame([...programs].filter((name) => !QUICK_PROGRAMS.includes(name)), []);
  t.strictSame([...mysql9, ...unknown], []);
  t.ok(quick.length > 100, `${quick.length} files`);
  t.end();
});
