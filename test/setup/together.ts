import { quickProcesses } from './quickFiles.js';

// Runs the test files of one process of `npm run test:quick`, which its argument names, one after the other.

for (const file of quickProcesses().get(process.argv[2] ?? '') ?? []) await import(file);
