import { fileURLToPath } from 'node:url';
import t from 'tap';
import { quickProcesses } from './quickFiles.js';

// npm run test:quick
//
// Runs the test files that need no server, no build, and no program but Node.js, several processes at a time.

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const ARGS = ['--import=./test/setup/transpile.mjs', './test/setup/together.ts'];

t.jobs = 4;
for (const name of quickProcesses().keys()) {
  void t.spawn(process.execPath, [...ARGS, name], { cwd: ROOT, buffered: true }, `test/${name}`);
}
