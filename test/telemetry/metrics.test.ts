import { readFileSync } from 'node:fs';
import t from 'tap';
import { startAdministered, type AdministeredProgram } from '../admin/administered.js';

/** Runs a query to its end, good or bad. */
async function run({ connect }: AdministeredProgram, ...statements: readonly string[]): Promise<void> {
  const client = await connect();
  for (const statement of statements) await client.query(statement);
  client.close();
}

t.test('counts cuts, would-be cuts and warnings by rule and reason as the records do', async (t) => {
  const started = await startAdministered(t, {
    limits: { rows: 100, bytes: null },
    warn: { rows: 50 },
    rules: [
      { name: 'watched', match: { schema: 'watched' }, mode: 'audit', limits: { bytes: 2000 } },
    ],
  });
  await run(started, 'SELECT * FROM rows_60', 'SELECT * FROM rows_101', 'SELECT * FROM ' +
    'rows_5000', 'SELECT * FROM rows_100', 'USE watched',
    'SELECT * FROM rows_101');
  const { program, metric } = started;
  const counts = new Map<string, number>();
  const families = new Map([['cut', 'cuts'], ['would-cut', 'would_cuts'], ['warn', 'warnings']]);
  const seen = new Map<string, number>();
  for (const family of families.values()) {
    for (const rule of ['default', 'watched']) {
      for (const reason of ['rows', 'bytes']) {
        const name = `sluice_${family}_total{rule="${rule}",reason="${reason}"}`;
        const value = await metric(name);
        if (value > 0) seen.set(name, value);
      }
    }
  }
  program.kill('SIGTERM');
  const { stdout } = await program.ended;
  for (const line of stdout.split('\n').filter((text) => text !== '')) {
    const { action, rule, reason } = JSON.parse(line) as Record<'action' | 'rule' | 'reason', string>;
    const name = `sluice_${families.get(action)}_total{rule="${rule}",reason="${reason}"}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  t.strictSame(Object.fromEntries([...seen].sort()), Object.fromEntries([...counts].sort()));
  t.equal(counts.size, 3, 'there is something of each');
});

/** Ends a program. Returns its records. */
async function recordsAtEnd({ program }: AdministeredProgram): Promise<Record<string, unknown>[]> {
  program.kill('SIGTERM');
  const { stdout } = await program.ended;
  return stdout.split('\n').filter((text) => text !== '').map((text) => JSON.parse(text) as Record<string, unknown>);
}

const STREAMED = 'SELECT /*!40001 SQL_NO_CACHE */ * FROM';

t.test('counts a result that is let through as a stream by rule and signal, as its record does', async (t) => {
  const rules = [{ name: 'exports', match: { schema: 'exports' }, class: 'streaming' }];
  const started = await startAdministered(t, { limits: { rows: 100 }, warn: { rows: 50 }, rules });
  const { metric } = started;
  const admitted = (rule: string, signal: string) => metric(`sluice_admitted_total{rule="${rule}",signal="${signal}"}`);
  t.match((await started.ask('/metrics')).body, /^sluice_admitted_total\{rule="default",signal="pace"\} 0$/m);
  await run(started, `${STREAMED} rows_1000`, `${STREAMED} rows_60`, 'USE exports', 'SELECT * FROM rows_1000');
  t.equal(await admitted('default', 'dump'), 1);
  t.equal(await admitted('exports', 'rule'), 1);
  t.equal(await metric('sluice_warnings_total{rule="default",reason="rows"}'), 1, 'what keeps the limit is warned of');
  t.match(await recordsAtEnd(started), [
    { action: 'admit', rule: 'default', signal: 'dump', class: 'streaming', limit: { rows: 100 }, rowsPerSecond: null },
    { action: 'warn' },
    { action: 'admit', rule: 'exports', signal: 'rule' },
  ]);
});

t.test('does not count a cut at the limit of streams as let through', async (t) => {
  const rules = [{ name: 'watched', match: { schema: 'watched' }, mode: 'audit' }];
  const config = { limits: { rows: 100 }, streaming: { limits: { rows: 500 } }, rules };
  const started = await startAdministered(t, config);
  await run(started, `${STREAMED} rows_1000`, 'USE watched', `${STREAMED} rows_1000`);
  for (const rule of ['default', 'watched']) {
    t.equal(await started.metric(`sluice_admitted_total{rule="${rule}",signal="dump"}`), 0, rule);
  }
  const records = await recordsAtEnd(started);
  t.match(
    records, [{ action: 'cut', signal: 'dump', rows: 1000 }, { action: 'would-cut', signal: 'dump', rows: 1000 }],
  );
  t.equal(records.length, 2);
});

t.test('counts a result that is let through, without a record, when audit.admitted is false', async (t) => {
  const config = { limits: { rows: 100 }, warn: { rows: 2000 }, audit: { admitted: false } };
  const started = await startAdministered(t, config);
  await run(started, `${STREAMED} rows_1000`, `${STREAMED} rows_5000`);
  t.equal(await started.metric('sluice_admitted_total{rule="default",signal="dump"}'), 2);
  const records = await recordsAtEnd(started);
  t.match(records, [{ action: 'warn', rows: 5000 }], 'a warning is as due as ever');
  t.equal(records.length, 1);
});

t.test('counts rows, bytes, commands and sessions', async (t) => {
  const started = await startAdministered(t, { limits: { rows: 100 } });
  const client = await started.connect();
  await client.query('SELECT * FROM rows_10');
  await client.query('SELECT * FROM rows_1000');
  const { metric } = started;
  t.equal(await metric('sluice_sessions_open'), 1);
  t.equal(await metric('sluice_sessions_total'), 1);
  t.equal(await metric('sluice_commands_total{command="COM_QUERY"}'), 2);
  t.equal(await metric('sluice_result_rows_bucket{class="buffered",le="10"}'), 1);
  t.equal(await metric('sluice_result_rows_sum{class="buffered"}'), 1010);
  t.equal(await metric('sluice_result_rows_count{class="buffered"}'), 2);
  t.ok(await metric('sluice_result_bytes_sum{class="buffered"}') > 1010);
  t.ok(await metric('sluice_drained_bytes_total') > 0);
  t.ok(await metric('sluice_relayed_bytes_total{direction="to_client"}') > 100);
  t.ok(await metric('sluice_relayed_bytes_total{direction="to_upstream"}') > 50);
  t.equal(await metric('sluice_upstream_connect_seconds_count'), 1);
  t.equal(await metric(`sluice_upstream_up{upstream="127.0.0.1:${started.upstreamPort}"}`), 1);
  const before = await metric('sluice_relayed_bytes_total{direction="to_client"}');
  client.close();
  while (await metric('sluice_sessions_open') > 0) continue;
  t.ok(
    await metric('sluice_relayed_bytes_total{direction="to_client"}') >= before,
    'what an ended session moved stays counted',
  );
  const { body } = await started.ask('/metrics');
  t.match(body, /^sluice_sessions_ended_total\{by="client",reason="(quit|closed)"\} 1$/m);
});

t.test('counts an upstream server that cannot be reached', async (t) => {
  const { connect, metric, ask } = await startAdministered(t, { upstream: '127.0.0.1:1' });
  await t.rejects(connect());
  t.equal(await metric('sluice_upstream_connect_failures_total'), 1);
  t.equal(await metric('sluice_sessions_ended_total{by="upstream",reason="unavailable"}'), 1);
  const upstream = 'upstream="127.0.0.1:1"';
  t.equal(await metric(`sluice_upstream_failures_total{${upstream},reason="unreachable"}`), 1);
  const { body } = await ask('/metrics');
  t.match(body, `sluice_upstream_up{${upstream}} 0\n`);
});

t.test('the topic of metrics describes every metric, and no other', async (t) => {
  const { ask } = await startAdministered(t);
  const told = [...(await ask('/metrics')).body.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name);
  const topic = readFileSync(new URL('../../src/help/metrics.md', import.meta.url), 'utf8');
  const described = [...topic.matchAll(/^- `((?:sluice|process)_\w+)/gm)].map(([, name]) => name);
  // With several processes, or within the memory limit of a container.
  const sometimes = ['sluice_workers', 'sluice_worker_restarts_total',
    'sluice_container_memory_used_bytes', 'sluice_container_memory_limit_bytes'];
  t.strictSame([...described].sort(), [...new Set([...told, ...sometimes])].sort());
});
