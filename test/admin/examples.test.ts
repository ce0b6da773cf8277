import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { run } from '../support/run.js';
import { startAdministered } from './administered.js';

const ALERTS = fileURLToPath(new URL('../../src/admin/alerts.yml', import.meta.url));
const DASHBOARD = fileURLToPath(new URL('../../src/admin/dashboard.json', import.meta.url));

/** The names of metrics in PromQL: what looks like ours, and the process's. */
function metricsIn(text: string): string[] {
  return [...new Set([...text.matchAll(/\b(?:sluice|process)_[a-z0-9_]+/g)].map(([name]) => name))];
}

t.test('the example alert rules are rules for Prometheus', async (t) => {
  const { code, stdout, stderr } = await run('promtool', ['check', 'rules', ALERTS]);
  t.equal(code, 0, stderr);
  t.match(stdout, /SUCCESS: \d+ rules found/);
});

t.test('every metric that the alert rules and the dashboard name exists', async (t) => {
  const { ask } = await startAdministered(t);
  const { body } = await ask('/metrics');
  const types = new Map([...body.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type = '']) => [name, type]));
  const exists = (name: string): boolean => {
    const family = name.replace(/_(bucket|sum|count)$/, '');
    return types.has(name) || types.get(family) === 'histogram';
  };
  for (const file of [ALERTS, DASHBOARD]) {
    const named = metricsIn(readFileSync(file, 'utf8'));
    t.ok(named.length > 8, 'there are names to look at');
    t.strictSame(named.filter((name) => !exists(name)), []);
  }
});

t.test('every panel of the dashboard asks a question that Prometheus understands', async (t) => {
  const { panels } = JSON.parse(readFileSync(DASHBOARD, 'utf8')) as { panels: { title: string; targets: { expr: string }[] }[] };
  const groups = panels.map(({ title, targets }) => ({
    name: title,
    rules: targets.map(({ expr }, index) => ({ record: `panel:${index}`, expr: expr.replaceAll('$__rate_interval', '5m') })),
  }));
  const file = `${t.testdir({ 'panels.yml': JSON.stringify({ groups }) })}/panels.yml`; // JSON is YAML
  const { code, stderr, stdout } = await run('promtool', ['check', 'rules', file]);
  t.equal(code, 0, stdout + stderr);
});
