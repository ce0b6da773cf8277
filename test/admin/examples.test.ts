import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { run } from '../support/run.js';
import { startAdministered } from './administered.js';

const ALERTS = fileURLToPath(new URL('../../src/admin/alerts.yml', import.meta.url));
const DASHBOARD = fileURLToPath(new URL('../../src/admin/dashboard.json', import.meta.url));

/** The names of metrics in PromQL: those of Sluice, and those of the process. */
function metricsIn(text: string): string[] {
  return [...new Set([...text.matchAll(/\b(?:sluice|process)_[a-z0-9_]+/g)].map(([name]) => name))];
}

/** Metrics that exist only where the program runs in a container with a memory limit. */
const OF_A_CONTAINER = ['sluice_container_memory_used_bytes', 'sluice_container_memory_limit_bytes'];

/** The expected output for two alerts. */
const expected = {
  SluiceRuleEnds: {
    exp_labels: { severity: 'warning', rule: 'search', instance: 'i' },
    exp_annotations: {
      summary: 'Rule search of i has ended or ends within a week: what it lets through meets the other limits then',
    },
  },
  SluiceCertificateExpires: {
    exp_labels: { severity: 'critical', file: 'a.pem', leg: 'client', instance: 'i' },
    exp_annotations: { summary: 'a.pem of i has expired or expires within two weeks' },
  },
};

t.test('promtool accepts the example alert rules', async (t) => {
  const { code, stdout, stderr } = await run('promtool', ['check', 'rules', ALERTS]);
  t.equal(code, 0, stderr);
  t.match(stdout, /SUCCESS: \d+ rules found/);
});

t.test('the alert rules and the dashboard name only metrics that exist', async (t) => {
  const { ask } = await startAdministered(t, { workers: 2 });
  const { body } = await ask('/metrics');
  const types = new Map([...body.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type = '']) => [name, type]));
  const exists = (name: string): boolean => {
    const family = name.replace(/_(bucket|sum|count)$/, '');
    return types.has(name) || types.get(family) === 'histogram' || OF_A_CONTAINER.includes(name);
  };
  for (const file of [ALERTS, DASHBOARD]) {
    const named = metricsIn(readFileSync(file, 'utf8'));
    t.ok(named.length > 8, 'there are names to look at');
    t.strictSame(named.filter((name) => !exists(name)), []);
  }
});

t.test('Prometheus understands the query of every dashboard panel', async (t) => {
  const { panels } = JSON.parse(readFileSync(DASHBOARD, 'utf8')) as {
    panels: { title: string; targets: { expr: string }[] }[],
  };
  const groups = panels.map(({ title, targets }) => ({
    name: title,
    rules: targets.map(
      ({ expr }, index) => ({ record: `panel:${index}`, expr: expr.replaceAll('$__rate_interval', '5m') }),
    ),
  }));
  const file = `${t.testdir({ 'panels.yml': JSON.stringify({ groups }) })}/panels.yml`; // JSON is YAML
  const { code, stderr, stdout } = await run('promtool', ['check', 'rules', file]);
  t.equal(code, 0, stdout + stderr);
});

t.test('alerts a week before a rule ends and two weeks before a certificate expires', async (t) => {
  const tests = [{
    interval: '1d',
    input_series: [
      { series: 'sluice_rule_ends_timestamp_seconds{rule="search",instance="i"}', values: `${10 * 86_400}x30` },
      {
        series: 'sluice_certificate_expires_timestamp_seconds{file="a.pem",leg="client",instance="i"}',
        values: `${20 * 86_400}x30`,
      },
    ],
    alert_rule_test: [['SluiceRuleEnds', '2d', 0], ['SluiceRuleEnds', '4d', 1], ['SluiceRuleEnds', '11d', 1],
      ['SluiceCertificateExpires', '5d', 0], ['SluiceCertificateExpires', '7d', 1],
      ['SluiceCertificateExpires', '25d', 1],
    ].map(([alertname, eval_time, count]) => ({
      alertname, eval_time, exp_alerts: count === 0 ? [] : [expected[alertname as keyof typeof expected]],
    })),
  }];
  const file = `${t.testdir(
    { 'alerts.test.yml': JSON.stringify({ rule_files: [ALERTS], evaluation_interval: '1d', tests }) },
  )}/alerts.test.yml`;
  const { code, stdout, stderr } = await run('promtool', ['test', 'rules', file]);
  t.equal(code, 0, stdout + stderr);
});

/** An hour in which nothing is wrong, and an hour in which something is: values of a counter, and of a gauge. */
const GROWS = '0x60 1+1x60';
const gauge = (well: number, wrong: number): string => `${well}x60 ${wrong}x60`;

/** For each alert the series that make it fire. */
const CASES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  SluiceDown: { 'up{job="j",instance="i"}': gauge(1, 0), 'sluice_build_info{job="j",instance="i"}': '1x60 _x60' },
  SluiceWorkerRestarts: { 'sluice_worker_restarts_total{instance="i"}': GROWS },
  SluiceCutsResults: { 'sluice_cuts_total{job="j",rule="r",reason="rows"}': GROWS },
  SluiceClosesConnections: { 'sluice_closes_total{job="j",rule="r",reason="rows"}': GROWS },
  SluiceUpstreamUnreachable: { 'sluice_upstream_connect_failures_total{instance="i"}': GROWS },
  SluiceUpstreamDown: { 'sluice_upstream_up{instance="i",upstream="db:3306"}': gauge(1, 0) },
  SluiceTurnsClientsAway: { 'sluice_clients_turned_away_total{instance="i"}': GROWS },
  SluiceMemoryNearlyUsed: {
    'sluice_container_memory_used_bytes{instance="i"}': gauge(50, 87),
    'sluice_container_memory_limit_bytes{instance="i"}': '100x120',
  },
  SluiceShortOfFileDescriptors: {
    'process_open_fds{job="j",instance="i"}': gauge(10, 90), 'process_max_fds{job="j",instance="i"}': '100x120',
    'sluice_ready{job="j",instance="i"}': '1x120',
  },
  SluiceBudgetNearlyUsed: {
    'sluice_budget_used_bytes{instance="i"}': gauge(10, 95), 'sluice_budget_limit_bytes{instance="i"}': '100x120',
  },
  SluiceOpaqueSessions: { 'sluice_opaque_sessions_total{job="j",instance="i",reason="tls"}': GROWS },
  SluiceStalledClients: { 'sluice_stalled_sessions{instance="i"}': gauge(0, 1) },
  SluiceServerGivesUpOnClients: {
    'sluice_sessions_ended_total{job="j",instance="i",by="upstream",reason="gave-up"}': GROWS,
  },
  SluiceCannotFollow: { 'sluice_protocol_errors_total{job="j",instance="i",direction="client"}': GROWS },
  SluiceLosesAuditRecords: { 'sluice_audit_dropped_records_total{instance="i"}': GROWS },
  SluiceKillsFail: { 'sluice_kills_total{job="j",instance="i",outcome="failed"}': GROWS },
  SluiceEventLoopIsLate: { 'sluice_event_loop_delay_p99_seconds{instance="i"}': gauge(0.01, 0.5) },
  SluiceRuleEnds: { 'sluice_rule_ends_timestamp_seconds{instance="i",rule="r"}': gauge(30 * 86_400, 86_400) },
  SluiceCertificateExpires: {
    'sluice_certificate_expires_timestamp_seconds{instance="i",file="a.pem"}': gauge(30 * 86_400, 86_400),
  },
  SluiceConfigurationRefused: { 'sluice_config_reloads_total{instance="i",outcome="refused"}': GROWS },
};

t.test('each alert fires when something is wrong, and not before', async (t) => {
  const alerts = [...readFileSync(ALERTS, 'utf8').matchAll(/- alert: (\w+)/g)].map(([, name = '']) => name);
  t.strictSame(Object.keys(CASES).sort(), alerts.sort());
  const tests = Object.entries(CASES).map(([name, series]) => ({
    interval: '1m',
    input_series: Object.entries(series).map(([one, values]) => ({ series: one, values })),
    promql_expr_test: [['59m', []], ['100m', [{ labels: '{}', value: 1 }]]].map(([eval_time, exp_samples]) =>
      ({ expr: `count(ALERTS{alertname="${name}",alertstate="firing"})`, eval_time, exp_samples })),
  }));
  const file = `${t.testdir(
    { 'alerts.test.yml': JSON.stringify({ rule_files: [ALERTS], evaluation_interval: '1m', tests }) },
  )}/alerts.test.yml`;
  const { code, stdout, stderr } = await run('promtool', ['test', 'rules', file]);
  t.equal(code, 0, stdout + stderr);
});
