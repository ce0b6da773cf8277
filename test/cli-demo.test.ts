import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { Page } from '../src/cli/demo/page.js';
import { commandLine } from './support/clients.js';
import { guard, spawned } from './support/guard.js';
import { run } from './support/run.js';

const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url));

t.test('with --once it shows the whole demo in 80 plain columns and ends with exit code 0', async (t) => {
  const { code, stdout, stderr } = await run(process.execPath, [CLI, 'demo', '--once', '--max-rows', '300']);
  t.equal(code, 0, stdout + stderr);
  t.equal(stderr, '');
  for (const line of stdout.split('\n')) t.ok(line.length <= 80, line);
  t.notMatch(stdout, '\u001b', 'nothing but text where there is no terminal');
  t.notMatch(stdout, '✘');
  t.match(stdout, /^ {3}✔ 300 rows, .* then an error in place of the next row:$/m);
  t.match(stdout, /ERROR 3170 \(HY000\): sluice: result set exceeds 300 rows/);
  t.match(stdout, /"action":"cut"/);
  t.match(stdout, /"forwardedRows":300,/);
  t.match(stdout, /would-cut, 1,000,000 rows/);
  t.match(stdout, /it reads on: 250,000 of 250,000 rows/);
  t.match(stdout, /\n\nEverything came out as promised\.\n$/);
});

interface Running {
  /** The next line that matches. */
  line(pattern: RegExp): Promise<RegExpExecArray>;
  /** Sends a signal; resolves with the exit code. */
  stop(signal: NodeJS.Signals): Promise<unknown>;
}

const startDemo = async (t: Test): Promise<Running> => {
  const child = spawn(process.execPath, [CLI, 'demo'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const callOff = guard(await spawned(child));
  const ended = once(child, 'close').finally(callOff);
  t.teardown(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async line(pattern) {
      for (;;) {
        const { value, done } = await lines.next();
        if (done === true) throw new Error(`it ended without a line like ${pattern.source}`);
        const match = pattern.exec(value);
        if (match !== null) return match;
      }
    },
    async stop(signal) {
      child.kill(signal);
      const [code] = (await ended) as unknown[];
      return code;
    },
  };
};

t.test('stays up for real clients, shows each cut, and ends on a signal', async (t) => {
  for (const [vendor, signal] of [['mariadb', 'SIGTERM'], ['mysql', 'SIGINT']] as const) {
    const running = await startDemo(t);
    const [, port] = await running.line(/mariadb -h 127\.0\.0\.1 -P (\d+) -u demo demo/);
    const sql = 'SELECT * FROM rows_1000; SELECT * FROM rows_1001; SELECT 42;';
    const { rows, errors } = await commandLine(vendor, Number(port), sql);
    t.equal(rows.length, 1000 + 1);
    t.strictSame(errors.map(({ code }) => code), [3170]);
    await running.line(/"action":"cut"/);
    await running.line(/"sql":"SELECT \* FROM rows_1001"/);
    t.equal(await running.stop(signal), 0);
  }
});

t.test('refuses a limit that no demo query breaks, before it starts anything', async (t) => {
  for (const rows of ['1000000', 'unlimited', 'many']) {
    const { code, stdout, stderr } = await run(process.execPath, [CLI, 'demo', '--once', '--max-rows', rows]);
    t.equal(code, 2);
    t.equal(stdout, '');
    t.match(stderr, '--max-rows');
  }
});

t.test('says what to do when its address is in use', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  t.teardown(() => taken.close());
  const address = taken.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  const args = [CLI, 'demo', '--once', '--listen', `127.0.0.1:${port}`];
  const { code, stderr } = await run(process.execPath, args);
  t.equal(code, 1);
  t.match(stderr, /the demo cannot start: .*EADDRINUSE.*--listen/);
});

t.test('uses colours only on a terminal and only without NO_COLOR', async (t) => {
  const written = (isTTY: boolean, environment: NodeJS.ProcessEnv): string => {
    const texts: string[] = [];
    const page = new Page({ isTTY, write: (text) => texts.push(text) }, environment);
    page.finding(true, 'it works');
    page.record({ action: 'cut', rows: 1 });
    return texts.join('');
  };
  const plain = '   ✔ it works\n     {"action":"cut","rows":1}\n';
  t.equal(written(false, {}), plain);
  t.equal(written(true, { NO_COLOR: '1' }), plain);
  t.match(written(true, {}), '\u001b[32m✔\u001b[0m it works');
});
