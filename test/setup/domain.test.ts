import { join } from 'node:path';
import t from 'tap';
import { run } from '../support/run.js';

// An error that nothing catches fails the test that runs.

const SCRIPT = `
  import t from 'tap';
  const stay = () => new Promise((resolve) => setTimeout(resolve, 20));
  t.test('a timer', async () => { setTimeout(() => { throw new Error('thrown by a timer'); }); await stay(); });
  t.test('a promise', async () => { void Promise.reject(new Error('rejected by a promise')); await stay(); });
  t.test('an inner test', (t) => t.test('the inner one', async () => {
    process.nextTick(() => { throw new Error('thrown in the next tick'); });
    await stay();
  }));
  t.test('a good one', async (t) => t.ok(true));
`;

await t.test('an error that nothing catches fails the test that runs, and no other', async (t) => {
  const file = join(t.testdir({ 'stray.mjs': SCRIPT }), 'stray.mjs');
  const { stdout } = await run(process.execPath, ['--import=./test/setup/transpile.mjs', file]);
  const failed = [...stdout.matchAll(/^ *not ok \d+ - ([^#\n]*\w)/gm)].map(([, name]) => name);
  t.strictSame([...new Set(failed)], [
    'thrown by a timer', 'a timer', 'rejected by a promise', 'a promise',
    'thrown in the next tick', 'the inner one', 'an inner test',
  ]);
  t.match(stdout, /^ok \d+ - a good one/m);
});
