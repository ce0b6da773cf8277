import { spawnSync } from 'node:child_process';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { quickFiles } from './quickFiles.js';

// npm run test:quick -- [options of tap]
//
// Runs the test files that need nothing but Node.js. Ends with the exit code of tap.

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TAP = fileURLToPath(new URL('../../node_modules/.bin/tap', import.meta.url));

const files = quickFiles().map((file) => relative(ROOT, file));
const args = [TAP, ...process.argv.slice(2), ...files];
const { status } = spawnSync(process.execPath, args, { cwd: ROOT, stdio: 'inherit' });
process.exitCode = status ?? 1;
