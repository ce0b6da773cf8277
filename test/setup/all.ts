import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { quickProcesses, runQuickFiles, testFiles } from './quickFiles.js';
import { ServerPool } from './serverPool.js';

// npm test
// npx tap test/setup/all.ts --test-arg=test/policy --test-arg=test/e2e/kill.test.ts
//
// Runs all test files, or the given ones: several processes at a time. The quick ones share some (quickFiles.ts).

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Most of them wait most of the time, for servers and clients. */
const JOBS = 5;
/** A test file that hangs is ended after ten minutes. No assertion depends on time. */
const PATIENCE_MS = 600_000;
/** These folders take longest, so they run first. */
const FIRST = ['test/e2e/', 'test/differential/', 'test/proof/', 'test/admin/', 'test/fuzz/'];

const wanted = process.argv.slice(2);
const isWanted = (name: string): boolean => wanted.length === 0 || wanted.includes(name);

const quick = [...quickProcesses()];
const inGroups = new Set(quick.flatMap(([, files]) => files));
const rank = (name: string): number => {
  const found = FIRST.findIndex((folder) => name.startsWith(folder));
  return found === -1 ? FIRST.length : found;
};
const alone = testFiles().filter((file) => !inGroups.has(file)).map((file) => relative(ROOT, file))
  .sort((one, other) => rank(one) - rank(other));

t.jobs = wanted.length === 0 ? JOBS : 1;
t.setTimeout(0);
process.env['SLUICE_TEST_SERVERS'] = (await ServerPool.open(t)).path;
process.env['TAP_TIMEOUT'] = String(PATIENCE_MS / 1000);

for (const name of alone.filter(isWanted)) {
  void t.spawn(process.execPath, ['--import=./test/setup/transpile.mjs', name], {
    cwd: ROOT, buffered: true, timeout: PATIENCE_MS,
  }, name);
}
for (const [name, files] of quick) if (isWanted(`test/${name}`)) runQuickFiles(t, process.execPath, name, files);
