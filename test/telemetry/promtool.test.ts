import { spawn } from 'node:child_process';
import { once } from 'node:events';
import t from 'tap';
import { startAdministered } from '../admin/administered.js';

/** The complaints of promtool about a text; empty when it has none. */
async function promtoolOn(text: string): Promise<string> {
  const promtool = spawn('promtool', ['check', 'metrics'], { stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [promtool.stdout, promtool.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
  }
  promtool.stdin.end(text);
  const [code]: unknown[] = await once(promtool, 'close');
  return code === 0 ? said : `exit code ${String(code)}: ${said}`;
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
