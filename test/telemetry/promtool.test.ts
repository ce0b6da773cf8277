import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { startAdministered } from '../admin/administered.js';
import { run } from '../support/run.js';

/** The complaints of promtool about a text; empty when it has none. */
async function promtoolOn(text: string): Promise<string> {
  const { code, stdout, stderr } = await run('promtool', ['check', 'metrics'], { input: text });
  return code === 0 ? `${stdout}${stderr}` : `exit code ${String(code)}: ${stdout}${stderr}`;
}

/** As `promtoolOn`, for OpenMetrics. promtool imports it into a database, for which each sample needs a time. */
async function promtoolStoring(t: Test, text: string): Promise<string> {
  const folder = t.testdir();
  const timed = text.replace(/^([^#].*?) (\S+)( # \{.*)?$/gm, '$1 $2 1795176000$3');
  writeFileSync(join(folder, 'metrics'), timed);
  const args = ['tsdb', 'create-blocks-from', 'openmetrics', join(folder, 'metrics'), join(folder, 'blocks')];
  const { code, stderr } = await run('promtool', args);
  return code === 0 ? '' : `exit code ${String(code)}: ${stderr}`;
}

t.test('promtool accepts the metrics, before anything happened and after', async (t) => {
  const started = await startAdministered(
    t, { limits: { rows: 100 }, rules: [{ name: 'a:b.c-d', match: { user: 'nobody' } }] },
  );
  t.equal(await promtoolOn((await started.ask('/metrics')).body), '');
  const client = await started.connect();
  for (const sql of ['SELECT 1', 'SELECT * FROM rows_1000']) await client.query(sql);
  client.close();
  const { body, headers } = await started.ask('/metrics');
  t.equal(headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
  t.equal(await promtoolOn(body), '');
  t.match(await promtoolOn('Bad-Name 1\n'), /exit code/, 'promtool finds what is wrong');
});

/** The `Accept` header of Prometheus. */
const PROMETHEUS = 'application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;' +
  'q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.1';

for (const workers of [1, 2]) {
  await t.test(`a scraper that asks for OpenMetrics gets the trace of the last cut, of ${workers} process(es)`, async (t) => {
    const rules = [{ name: 'quoted', match: { user: 'nobody' } }];
    const started = await startAdministered(t, { limits: { rows: 100 }, rules, workers });
    const client = await started.connect();
    const traced = (traceId: string, flags = '01') =>
      `SELECT * FROM rows_1000 /*traceparent='00-${traceId}-00f067aa0ba902b7-${flags}'*/`;
    const [older, newer] = ['1'.repeat(32), '2'.repeat(32)];
    // The record of the last one may still wait for the kernel.
    for (const sql of [traced(older), traced(newer), traced('3'.repeat(32), '00'), 'SELECT 1', 'SELECT 1']) {
      await client.query(sql);
    }
    client.close();
    const { body, headers } = await started.ask('/metrics', { headers: { accept: PROMETHEUS } });
    t.equal(headers['content-type'], 'application/openmetrics-text; version=1.0.0; charset=utf-8');
    t.equal(await promtoolStoring(t, body), '');
    const cut = body.split('\n').find((line) => line.startsWith('sluice_cuts_total{rule="default",reason="rows"}'));
    const [, atSeconds = ''] =
      /^.*\} \d # \{trace_id="2{32}",span_id="00f067aa0ba902b7"\} 1 ([\d.]+)$/.exec(cut ?? '') ?? [];
    t.ok(Math.abs(Number(atSeconds) - Date.now() / 1000) < 600, cut ?? 'there is none');
    const name = 'sluice_result_rows_bucket{class="buffered",le="1000"}';
    const bucket = body.split('\n').find((line) => line.startsWith(name));
    t.match(bucket, /} \d # \{trace_id="2{32}",span_id="00f067aa0ba902b7"\} 1000 [\d.]+$/);
    t.notMatch((await started.ask('/metrics')).body, /trace_id|# EOF/, 'the usual format has none');
  });
}

t.test('promtool finds what is wrong with OpenMetrics', async (t) => {
  t.match(await promtoolStoring(t, 'a_total 1 # {trace_id=x} 1\n# EOF\n'), /exit code/);
  t.match(await promtoolStoring(t, 'a 1\n'), /does not end with # EOF/);
});
