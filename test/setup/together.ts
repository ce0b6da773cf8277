import { once } from 'node:events';
import { pathToFileURL } from 'node:url';
import t from 'tap';

// Runs the test files of one process of `npm run test:quick`, one after the other. Its argument is the name of the
// process, which is also a part of the names of its tests' folders.

const files = process.env['SLUICE_TEST_FILES']?.split('\n') ?? [];
delete process.env['SLUICE_TEST_FILES'];
// tap would end when it has nothing to do after a file with a teardown, while the next file is loaded.
t.removeAllListeners('idle');
for (const file of files) await import(pathToFileURL(file).href);
// The last file may leave tests in the queue.
if (!t.idle) await once(t, 'idle');
t.end();
