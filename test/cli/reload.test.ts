import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { DemoClient } from '../../src/demo/client.js';
import { startDemoServer } from '../../src/demo/server.js';
import { askPort, startAdministered, type AdministeredProgram } from '../admin/administered.js';
import { freePort } from '../support/freePort.js';
import { residentBytes } from '../support/sluice.js';

function folderFor(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-reload-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  return folder;
}

async function connectTo(t: Test, place: { host: string; port: number }): Promise<DemoClient> {
  const client = await DemoClient.connect({ ...place, user: 'demo', schema: 'demo', program: 'test' });
  t.teardown(() => client.close());
  return client;
}

async function reload({ ask }: AdministeredProgram): Promise<{ status: number; body: Record<string, unknown> }> {
  const { status, body } = await ask('/reload', { method: 'POST' });
  return { status, body: JSON.parse(body) };
}

t.test('SIGHUP applies a new configuration to the next command of live sessions', async (t) => {
  const started = await startAdministered(t, { limits: { rows: 100 } });
  const { program, connect, configure } = started;
  const client = await connect();
  t.equal((await client.query('SELECT * FROM rows_101')).error?.code, 3170);
  configure({ limits: { rows: 5 }, rules: [{ name: 'large', match: { schema: 'other' }, limits: { rows: 1000 } }] });
  program.kill('SIGHUP');
  t.match(await program.said(/^configuration read again$/), { changed: ['limits.rows', 'rules'] });
  t.match((await client.query('SELECT * FROM rows_6')).error?.message, /exceeds 5 rows \(rule default\)/);
  await client.query('USE other');
  t.equal((await client.query('SELECT * FROM rows_1000')).error, null);
  t.match((await client.query('SELECT * FROM rows_1001')).error?.message, /exceeds 1000 rows \(rule large\)/);
});

t.test('a response under way ends on the terms on which it began', async (t) => {
  const started = await startAdministered(t, { limits: { rows: 200_000, bytes: null }, streaming: { signals: [] } });
  const client = await started.connect();
  let isReloaded = false;
  const result = await client.query('SELECT * FROM rows_150000', (rows) => {
    if (rows !== 1 || isReloaded) return undefined;
    isReloaded = true;
    started.configure(
      { limits: { rows: 10 }, streaming: { signals: ['pace'] }, rules: [{ name: 'other', match: {}, mode: 'audit' }] },
    );
    return reload(started).then(({ status }) => t.equal(status, 200)).then(() => undefined);
  });
  t.match(result, { rows: 150_000, error: null });
});

t.test('refuses a bad configuration with every error, and keeps the running one', async (t) => {
  const started = await startAdministered(t, { limits: { rows: 100 } });
  const { configure, connect, metric, file, ask } = started;
  const client = await connect();
  configure({ limits: { rows: 'many' }, colour: 'red' });
  t.match(await reload(started), { status: 422, body: { applied: false, problems: [/colour/, /limits\.rows/] } });
  writeFileSync(file, '{');
  t.match(await reload(started), { status: 422, body: { problems: [/sluice\.json:1:2/] } });
  rmSync(file);
  t.match(await reload(started), { status: 422, body: { problems: [/no such file$/] } });
  configure({ audit: { to: '/nonexistent/audit.json' } });
  t.match(await reload(started), { status: 422, body: { problems: [/^audit\.to: ENOENT/] } });
  t.equal((await client.query('SELECT * FROM rows_101')).error?.code, 3170);
  t.match(JSON.parse((await ask('/config')).body), { limits: { rows: 100 } });
  t.equal(await metric('sluice_config_reloads_total{outcome="refused"}'), 4);
  t.equal(await metric('sluice_config_reloads_total{outcome="applied"}'), 0);
});

t.test('new sessions go to the new upstream, and live ones stay where they are', async (t) => {
  const other = await startDemoServer();
  t.teardown(() => other.close());
  const started = await startAdministered(t);
  const client = await started.connect();
  started.configure({ upstream: `127.0.0.1:${other.address.port}` });
  t.match(await reload(started), { status: 200, body: { changed: ['upstream'] } });
  t.equal(other.connectionCount, 0);
  await started.connect();
  t.equal(other.connectionCount, 1);
  t.equal((await client.query('SELECT * FROM rows_10')).rows, 10);
});

t.test('changes the log level and moves the admin endpoint', async (t) => {
  const started = await startAdministered(t);
  const port = await freePort();
  started.configure({ log: { level: 'debug' }, admin: { listen: `127.0.0.1:${port}` } });
  t.match(await reload(started), { status: 200, body: { changed: ['log.level', 'admin.listen'] } });
  const client = await started.connect();
  await client.close();
  t.match(await started.program.said(/^session ended$/), { level: 'debug' });
  t.equal((await askPort(port, '/readyz', {})).status, 200);
  await t.rejects(started.ask('/readyz'), { code: 'ECONNREFUSED' }, 'the old one is closed');
});

t.test('listens on new addresses, closes removed ones, and keeps the sessions', async (t) => {
  const started = await startAdministered(t);
  const [first, second] = [await freePort(), await freePort()];
  const path = join(folderFor(t), 'sluice.sock');
  started.configure({ listen: [`127.0.0.1:${first}`, { path, permissions: '0600' }] });
  const old = await started.connect();
  t.match(await reload(started), { status: 200, body: { changed: ['listen'] } });
  await t.rejects(started.connect(), { code: 'ECONNREFUSED' });
  t.equal((await old.query('SELECT * FROM rows_10')).rows, 10);
  t.equal(statSync(path).mode & 0o777, 0o600);
  const kept = await connectTo(t, { host: '127.0.0.1', port: first });

  started.configure({ listen: [{ path, permissions: '0660' }, `127.0.0.1:${second}`] });
  t.equal((await reload(started)).status, 200);
  t.equal(statSync(path).mode & 0o777, 0o660);
  await t.rejects(connectTo(t, { host: '127.0.0.1', port: first }), { code: 'ECONNREFUSED' });
  await connectTo(t, { host: '127.0.0.1', port: second });
  t.equal((await kept.query('SELECT * FROM rows_10')).rows, 10);

  rmSync(path); // Another process removes it: nobody can connect there any more, and everything else goes on.
  started.configure({ listen: [{ path, permissions: '0600' }, `127.0.0.1:${second}`] });
  t.equal((await reload(started)).status, 200);
  await connectTo(t, { host: '127.0.0.1', port: second });

  const taken = createServer().listen(0, '127.0.0.1');
  t.teardown(() => taken.close());
  await once(taken, 'listening');
  const { port: busy } = taken.address() as AddressInfo;
  started.configure({ listen: [`127.0.0.1:${first}`, `127.0.0.1:${busy}`], limits: { rows: 1 } });
  t.match(
    await reload(started),
    { status: 422, body: { problems: [/^listen: cannot listen on 127.0.0.1:\d+: .*EADDRINUSE/] } },
  );
  await t.rejects(connectTo(t, { host: '127.0.0.1', port: first }), { code: 'ECONNREFUSED' }, 'nothing of it holds');
  t.equal((await kept.query('SELECT * FROM rows_10')).rows, 10);
});

t.test('opens the audit file again, so that it can be rotated', async (t) => {
  const folder = folderFor(t);
  const to = join(folder, 'audit.json');
  const started = await startAdministered(t, { limits: { rows: 10 }, audit: { to } });
  const client = await started.connect();
  await client.query('SELECT * FROM rows_11');
  await client.query('SELECT 1'); // waits for the end of the cut response, and so for its record
  renameSync(to, `${to}.1`);
  started.program.kill('SIGHUP');
  t.match(await started.program.said(/^configuration read again$/), { changed: [] });
  t.ok(existsSync(to));
  await client.query('SELECT * FROM rows_12');
  started.program.kill('SIGTERM');
  await started.program.ended;
  const rowsIn = (file: string) => readFileSync(file, 'utf8').trim().split('\n').map((line) => JSON.parse(line).rows);
  t.strictSame(rowsIn(`${to}.1`), [11]);
  t.strictSame(rowsIn(to), [12]);
});

t.test('a thousand reloads with live sessions bring no error and no growth', async (t) => {
  const started = await startAdministered(t, { limits: { rows: 1000 } });
  let isOver = false;
  const work = async (): Promise<number> => {
    const client = await started.connect();
    let queries = 0;
    for (; !isOver; queries += 1) {
      const { rows, error } = await client.query('SELECT * FROM rows_500');
      await delay(5); // leaves turns of the event loop to the reloads
      if (rows !== 500 || error !== null) throw new Error(`query ${queries} brought ${rows} rows, ${error?.message}`);
    }
    return queries;
  };
  const workers = [work(), work()];
  const reloads = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n += 1) {
      const rules = [{ name: `rule-${n}`, match: { user: 'nobody' } }];
      started.configure({ limits: { rows: 1000 + n }, log: { level: 'error' }, rules });
      if ((await reload(started)).status !== 200) throw new Error(`reload ${n} was refused`);
    }
  };
  await reloads(500);
  const before = residentBytes(started.program.pid);
  await reloads(500);
  isOver = true;
  t.ok((await Promise.all(workers)).every((queries) => queries > 0), 'each worker had all its answers');
  const grown = residentBytes(started.program.pid) - before;
  t.ok(grown < 32 * 1024 ** 2, `grown by ${grown} bytes`);
  t.equal(await started.metric('sluice_config_reloads_total{outcome="applied"}'), 1000);
  const { body } = await started.ask('/metrics');
  t.equal([...body.matchAll(/^sluice_cuts_total\{/gm)].length, 4, 'rules that are no more have no metrics');
});
