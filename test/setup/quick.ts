import t from 'tap';
import { compileTests } from './compile.js';
import { quickProcesses, runQuickFiles } from './quickFiles.js';

// npm run test:quick
//
// Runs the test files that need no server, no build, and no program but Node.js, several processes at a time.

compileTests();
/** More of them would crowd two cores; with fewer, both would wait for timers at times. */
t.jobs = 3;
for (const [name, files] of quickProcesses()) runQuickFiles(t, process.execPath, name, files);
