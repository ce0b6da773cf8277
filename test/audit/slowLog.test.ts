import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { slowLogEntry } from '../../src/audit/slowLog.js';
import { auditRecord } from '../support/auditRecords.js';
import { commandLine } from '../support/clients.js';
import { runOk } from '../support/run.js';
import { startServer } from '../support/servers.js';
import { startSluice } from '../support/sluice.js';

const AT_MS = Date.parse('2026-11-20T12:00:00.250Z');

interface Sum {
  readonly sum: string;
  readonly max: string;
  readonly min: string;
}

/** A class of pt-query-digest: one for each statement that it tells apart. */
interface Class {
  readonly fingerprint: string;
  readonly query_count: number;
  readonly example: { readonly query: string };
  readonly metrics: Readonly<Record<string, Sum & { readonly value?: string }>>;
}

const digest = async (t: Test, log: string): Promise<readonly Class[]> => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-slowlog-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'slow.log');
  writeFileSync(file, log);
  const flags = ['--no-version-check', '--limit', '100%', '--output', 'json', file];
  return (JSON.parse(await runOk('pt-query-digest', flags)) as { classes: Class[] }).classes;
};

const entry = (given: object): string => slowLogEntry(auditRecord(given), AT_MS) ?? '';

t.test('writes an entry as Percona Server does', (t) => {
  t.equal(entry({ schema: 'shop' }), `# Time: 2026-11-20T12:00:00.250000Z
# User@Host: app[app] @  [10.0.0.7]  Id: 42
# Schema: shop  Query_time: 0.012500  First_row_time: 0.000500
# Rows_sent: 2000  Bytes_sent: 64000
# Rows_forwarded: 2000  Bytes_forwarded: 64000  Largest_row_bytes: 48  Stall_time: 0.000000
# Cut: No  Would_cut: Yes  Complete: Yes  Rule: default  Program: worker
use shop;
SET timestamp=1795176000;
SELECT * FROM orders WHERE id > 7;
`);
  t.match(entry({ action: 'admit' }), /^# Cut: No {2}Would_cut: No {2}Admitted: Yes {2}Complete: Yes {2}/m);
  const tagged = entry({ tags: { route: '/a b', 'x.y': 'é#' }, traceId: 'ab', spanId: 'cd' });
  t.match(tagged, /Program: worker\n# Tag_route: \/a_b {2}Tag_x_y: é_ {2}Trace_id: ab {2}Span_id: cd\nuse shop;\n/);
  t.equal(slowLogEntry(auditRecord({ event: 'stall' }), AT_MS), null, 'a stall is no execution');
  const refused = entry({ event: 'refused', action: 'refuse', rule: 'no-ddl', sql: 'DROP TABLE t', durationMs: 3 });
  t.match(refused, /Query_time: 0\.000000\n# Rows_sent: 0 {2}Bytes_sent: 0\n/);
  t.match(refused, /\n# Refused: Yes {2}Would_refuse: No {2}Rule: no-ddl/);
  t.match(refused, /\nDROP TABLE t;\n$/);
  t.match(entry({ event: 'refused', action: 'would-refuse' }), /^# Refused: No {2}Would_refuse: Yes {2}/m);
  t.end();
});

t.test('pt-query-digest reads statement, rows, bytes, time, user and host of an entry', async (t) => {
  const classes = await digest(t, [
    entry({}), entry({ rows: 7, bytes: 70, durationMs: 1000, sql: 'SELECT * FROM orders WHERE id > 8' }),
    entry({ sql: 'SELECT name\r\nFROM people -- all of them\nWHERE 1;', user: 'bi' }),
    entry({ sql: null, digestText: null }),
  ].join(''));
  const [orders, people] = ['orders', 'people']
    .map((table) => classes.find(({ fingerprint }) => fingerprint.includes(table)));
  t.equal(orders?.fingerprint, 'select * from orders where id > ?');
  t.equal(orders?.query_count, 2);
  t.match(orders?.metrics, {
    Rows_sent: { sum: '2007' }, Bytes_sent: { sum: '64070' }, Query_time: { sum: '1.012500' }, user: { value: 'app' },
    host: { value: '10.0.0.7' }, db: { value: 'shop' },
  });
  t.equal(people?.fingerprint, 'select name from people where ?');
  t.equal(people?.metrics['user']?.value, 'bi');
  t.equal(classes.length, 3, 'a command whose statement is not known is one, too');
});

const FORGED = `# Time: 2026-11-20T12:00:00.000000Z
# User@Host: root[root] @  [127.0.0.1]  Id: 1
# Query_time: 999.000000  Rows_sent: 999999999  Bytes_sent: 999999999
SET timestamp=1;
DROP TABLE forged`;

t.test('a statement, a user name or a program name cannot forge an entry or a line of one', async (t) => {
  const hostile = [
    `SELECT 1;\n${FORGED}`, `SELECT ';\n${FORGED};\n'`, `${FORGED};`, `#\n${FORGED}`, `SELECT 1;\r\n${FORGED}`,
    `SELECT 1;\r${FORGED}`,
    `use forged;\n${FORGED}`, `SET timestamp=1;\n${FORGED}`, `Tcp port: 1\n${FORGED}`,
    `/usr/sbin/mysqld, Version: 1 started with:\n${FORGED}`,
    `Time                 Id Command    Argument\n${FORGED}`, `SELECT 1 /*;\n\n\n${FORGED}`, `;\n;\n${FORGED}`,
    `\n${FORGED}`,
  ];
  const log = [
    ...hostile.map((sql) => entry({ sql, rows: 1, bytes: 1 })),
    ...hostile.map(
      (name) => entry({ user: name, schema: name, program: name, rule: name, client: name, rows: 1, bytes: 1 }),
    ),
  ].join('');
  const classes = await digest(t, log);
  const total = (name: string) => classes.reduce((sum, { metrics }) => sum + Number(metrics[name]?.sum), 0);
  t.equal(
    classes.reduce((sum, { query_count: times }) => sum + times, 0), 2 * hostile.length, 'as many as were written',
  );
  t.equal(total('Rows_sent'), 2 * hostile.length);
  t.equal(total('Bytes_sent'), 2 * hostile.length);
  t.equal(total('Query_time').toFixed(4), (2 * hostile.length * 0.0125).toFixed(4));
  t.notOk(classes.some(({ fingerprint }) => fingerprint.startsWith('drop')), 'none is taken for the forged one');
  t.notOk(classes.some(({ metrics }) => metrics['user']?.value === 'root'));
  const heads = log.split('\n').filter((line) => line.startsWith('# Time: ')).length;
  t.equal(heads, 2 * hostile.length);
});

t.test('a statement or a name cannot control a terminal', (t) => {
  const evil = '\u001b]0;x\u0007\u009b31m\u202e\u2028\u2029';
  const written = entry({ sql: `SELECT '${evil}'`, user: evil, program: evil });
  t.notMatch(written, /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  t.match(written, 'm\\u202e\\u2028\\u2029', 'they are shown as escapes');
  t.end();
});

t.test('writes a slow log that pt-query-digest reads when audit.format is "slowlog"', async (t) => {
  const server = await startServer(t, 'mariadb');
  const folder = mkdtempSync(join(tmpdir(), 'sluice-slowlog-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'slow.log');
  const sluice = await startSluice(t, {
    upstream: server.port,
    config: { limits: { rows: 100 }, audit: { to: file, format: 'slowlog', sample: { rows: 0 } } },
  });
  const { errors } = await commandLine('mariadb', sluice.port,
    'SELECT id FROM numbers WHERE id <= 50; SELECT id FROM numbers WHERE id <= 90; ' +
      'SELECT label FROM numbers WHERE id <= 200;');
  t.equal(errors.length, 1);
  await sluice.stop();
  const { classes } = JSON.parse(
    await runOk('pt-query-digest', ['--no-version-check', '--limit', '100%', '--output', 'json', file]),
  ) as
    { classes: readonly Class[] };
  const ids = classes.find(({ fingerprint }) => fingerprint === 'select id from numbers where id <= ?');
  t.match(
    ids,
    {
      query_count: 2, metrics: { Rows_sent: { sum: '140', max: '90' }, db: { value: 'shop' }, user: { value: 'app' } },
    },
  );
  const labels = classes.find(({ fingerprint }) => fingerprint === 'select label from numbers where id <= ?');
  t.match(labels, { query_count: 1, metrics: { Rows_sent: { sum: '200' }, Rows_forwarded: { sum: '100' } } });
});
