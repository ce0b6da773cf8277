import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { auditLine, auditRecord } from '../support/auditRecords.js';
import { run } from '../support/run.js';
import { CLI, sluice } from './program.js';

/** Writes a file that goes away with the test. */
const file = (t: Test, name: string, contents: string | Buffer): string => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-report-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, name), contents);
  return join(folder, name);
};

const BI = { user: 'bi', schema: 'reports', digest: 'd00000000000000d', digestText: 'SELECT * FROM `big`' };
const DAY = [
  auditLine({ time: '2026-11-19T23:59:59.000Z' }),
  auditLine({ rows: 500, bytes: 9_000, action: 'warn', stallMs: 900 }),
  auditLine(
    { ...BI, rows: 90_000, bytes: 5_000_000, complete: false, outcome: 'client-gone', sql: 'SELECT * FROM big',
      columnBytes: [{ name: 'body', table: 'big', bytes: 93, largest: 9 }, { columns: 3, bytes: 7, largest: 1 }] },
  ),
  auditLine({ time: '2026-11-21T00:00:00.000Z', action: 'cut' }),
].join('');

const reportJson = async (...args: string[]) => {
  const { code, stdout, stderr } = await sluice(['report', '--json', ...args]);
  t.equal(stderr, '');
  t.equal(code, 0);
  return JSON.parse(stdout);
};

t.test('a report has totals, a ranking, and a profile of each digest with its users and an example', async (t) => {
  const { code, stdout, stderr } = await sluice(['report', file(t, 'audit.json', DAY)]);
  t.equal(code, 0);
  t.equal(stderr, '');
  for (const promise of [
    /^# Overall: 4 results, 1 cut, 2 that would have been cut, 1 of unknown end; 2 digests$/m,
    /^# Time range: 2026-11-19T23:59:59Z to 2026-11-21T00:00:00Z$/m,
    /^# Rows +94,500 +500 +23,625 +[\d,]+ +90,000$/m,
    /^# Results whose end was not seen: 1; their rows and bytes are lower bounds$/m,
    /^# Ranking by bytes$/m,
    /^# +1 +d00000000000000d +4\.8 MiB +97\.\d% +1 .* SELECT \* FROM `big`$/m,
    /^# Digest 2: b266dab9faec510d$/m,
    /^# Users +bi 100\.0%$/m,
    /^# Programs +worker 100\.0%$/m,
    /^# Clients +10\.0\.0\.7 100\.0%$/m,
    /^# +4\.0 MiB {2}#+$/m,
    /^# Example: the largest, 2026-11-20T12:00:00Z, bi, 90,000 rows, 4\.8 MiB; big\.body is 93% of it$/m,
    /^SELECT \* FROM big$/m,
  ]) t.match(stdout, promise);
});

t.test('groups by a user or a tag, and names the routes of a digest', async (t) => {
  const tagged = (route: string, bytes: number, given: object = {}): string =>
    auditLine({ bytes, tags: { route }, requestBytes: 100, affectedRows: 3, ...given });
  const audit = file(t, 'audit.json', [
    tagged('/a', 9000), tagged('/b', 5000), tagged('/b', 7000, BI), auditLine(),
  ].join(''));
  const { code, stdout } = await sluice(['report', '--group-by', 'tag:route', audit]);
  t.equal(code, 0);
  for (const promise of [
    /^# Overall: 4 results, .*; values of route: 3$/m, 
    /^# Ranking of values of route by bytes$/m, /^# Rank +route +Bytes/m,
    /^# +1 +\(unknown\) +62\.5 KiB/m, /^# +2 +\/b +11\.7 KiB/m, /^# route 2: \/b$/m,
    /^# Digests +\w+ 50\.0%, \w+ 50\.0%$/m,
    /^# Sent +300 B/m, /^# Rows changed +9 /m,
  ]) t.match(stdout, promise);
  const byUser = await reportJson('--group-by', 'user', audit);
  t.match(byUser, { groupBy: 'user', groups: [{ name: 'app', digests: [{ results: 3 }] }, { name: 'bi' }] });
  t.notOk('digests' in byUser);
  const byDigest = await reportJson(audit);
  const first = { routes: [{ name: '/a' }, { name: '/b' }], requestBytes: 200 };
  t.match(byDigest, { groupBy: 'digest', digests: [first, {}] });
  const refused = await sluice(['report', '--group-by', 'colour', audit]);
  t.match(refused, { code: 2, stderr: /--group-by: expected digest, user, / });
  const limits = ['--max-bytes', '6000', '--max-rows', 'unlimited'];
  const advised = await sluice(['advise', ...limits, '--group-by', 'tag:route', audit]);
  t.match(advised.stdout, /^# route +Cuts .*\n# =+.*\n# \(unknown\) +1 .*\n# \/a +1 /m);
  const columns = await sluice(['advise', ...limits, file(t, 'audit.json', DAY)]);
  t.match(columns.stdout, /Heaviest column of the largest/);
  t.match(columns.stdout, /^# d00000000000000d .* big\.body is 93% of it +SELECT /m);
});

t.test('reports results that were let through as streams with their signals, not as cuts', async (t) => {
  const admit = (signal: string): string =>
    auditLine({ action: 'admit', class: 'streaming', signal, rowsPerSecond: 900 });
  const audit = file(t, 'audit.json', [...DAY, admit('pace'), admit('pace'), admit('cursor'), admit('x')].join(''));
  const { stdout } = await sluice(['report', audit]);
  t.match(
    stdout, /^# Overall: 8 results, 1 cut, 2 that would have been cut, 4 let through as streams, 1 of unknown end;/m,
  );
  t.match(stdout, /^# Let through beyond their limit as streams: 4 \(pace 2, cursor 1, other 1\)$/m);
  const { read, overall } = await reportJson(audit);
  t.strictSame(read.admitted, { pace: 2, cursor: 1, other: 1 });
  t.match(overall, { results: 8, cuts: 1, wouldCuts: 2, admitted: 4 });
});

t.test('gives the same report from files, compressed or not, and from standard input', async (t) => {
  const plain = await sluice(['report', file(t, 'a', DAY)]);
  const halves = DAY.split('\n');
  const first = `${halves.slice(0, 2).join('\n')}\n`;
  const rest = halves.slice(2).join('\n');
  t.equal((await sluice(['report', file(t, 'a.json', gzipSync(DAY))])).stdout, plain.stdout);
  t.equal((await sluice(['report', file(t, 'a', first), file(t, 'b', gzipSync(rest))])).stdout, plain.stdout);
  const handles = Buffer.concat([gzipSync(first), gzipSync(rest)]);
  t.equal((await sluice(['report', file(t, 'members', handles)])).stdout, plain.stdout, 'files that were put together');
  t.equal((await run(process.execPath, [CLI, 'report'], { input: DAY })).stdout, plain.stdout);
  t.equal((await run(process.execPath, [CLI, 'report', '-'], { input: DAY })).stdout, plain.stdout);
});

t.test('--order ranks by rows, bytes, largest result, stall or cuts', async (t) => {
  const audit = file(t, 'audit.json', DAY);
  const first = async (order: string): Promise<string> => (await reportJson('--order', order, audit)).digests[0].digest;
  for (const order of ['bytes', 'rows', 'max-bytes']) t.equal(await first(order), BI.digest, order);
  for (const order of ['stall', 'cuts']) t.equal(await first(order), 'b266dab9faec510d', order);
  t.equal((await reportJson('--limit', '1', audit)).digests.length, 1);
});

t.test('--since, --until, --user and --schema choose records, and the report says what they left out', async (t) => {
  const audit = file(t, 'audit.json', DAY);
  const results = async (...flags: string[]) => {
    const { overall, read } = await reportJson(...flags, audit);
    t.equal(overall.results + read.unselected, 4);
    return overall.results;
  };
  t.equal(await results('--since', '2026-11-20'), 3);
  t.equal(await results('--until', '2026-11-20'), 3, 'a day counts to its end');
  t.equal(await results('--since', '2026-11-20', '--until', '2026-11-20'), 2);
  t.equal(await results('--since', '2026-11-20T00:59:59+01:00'), 4);
  t.equal(await results('--since', '999999h'), 4, 'so long ago');
  t.equal(await results('--until', '1h'), await results('--until', new Date(Date.now() - 3_600_000).toISOString()));
  t.equal(await results('--user', 'b*'), 1);
  t.equal(await results('--schema', 'shop'), 3);
  const { stdout } = await sluice(['report', '--user', 'b*', audit]);
  t.match(stdout, /^# Results outside the selection, not counted: 3$/m);
});

t.test('reports the numbers of lines that are no records, and of other events', async (t) => {
  const audit = file(t, 'audit.json', `${DAY}{"level":"info"}\nrubbish\n${auditLine({ event: 'stall' })}\n`);
  const { overall, read } = await reportJson(audit);
  t.equal(overall.results, 4);
  t.match(read, { lines: 7, badLines: 2, firstBad: { file: audit, line: 5 }, otherEvents: { stall: 1 } });
  const { stdout } = await sluice(['report', audit]);
  t.match(stdout, /^# Lines that are not audit records: 2, the first is .*audit\.json:5$/m);
  t.match(stdout, /^# Other events, not counted: stall 1$/m);
  t.match((await sluice(['report', file(t, 'empty', '')])).stdout, /^# No results\.$/m);
});

t.test('text of statements and names cannot control a terminal', async (t) => {
  const evil = '\u001b]0;pwned\u0007\u009b31m\u202e\r';
  const record = auditRecord(
    { sql: `SELECT '${evil}'`, user: evil, program: `a\n# Overall: ${evil}`, digestText: evil },
  );
  const { stdout } = await sluice(['report', file(t, 'audit.json', JSON.stringify(record))]);
  t.notMatch(stdout, /(?![\n\t])[\p{Cc}\p{Cf}]/u);
  t.equal(stdout.match(/^# Overall/gm)?.length, 1);
});

t.test('says which file cannot be read before it reads any, with exit code 2', async (t) => {
  const { code, stdout, stderr } = await sluice(['report', file(t, 'audit.json', DAY), '/nowhere/audit.json', '/tmp']);
  t.equal(code, 2);
  t.equal(stdout, '');
  t.match(stderr, /cannot read "\/nowhere\/audit\.json": no such file: give audit files, or - for standard input/);
  t.match(stderr, /cannot read "\/tmp": it is a folder/);
});

t.test('counts the start of a compressed file that ends early, says so, and ends with exit code 1', async (t) => {
  const whole = gzipSync(
    Array.from({ length: 3000 }, (_, i) => auditLine({ rows: i, sql: `SELECT ${i * 7919}` })).join(''),
  );
  const { code, stdout, stderr } = await sluice(['report', '--json', file(t, 'audit.gz', whole.subarray(0, -2000))]);
  t.equal(code, 1);
  t.match(stderr, /audit\.gz: unexpected end of file: the results before that place count/);
  t.ok(JSON.parse(stdout).overall.results > 100);
});

t.test('says what a flag takes when its value is wrong', async (t) => {
  const refusal = async (...flags: string[]) => {
    const { code, stdout, stderr } = await sluice(['report', ...flags]);
    t.equal(code, 2, flags.join(' '));
    t.equal(stdout, '');
    return stderr;
  };
  t.match(await refusal('--since', 'yesterday'), /^--since: expected a date \("2026-11-20", in UTC\).*got "yesterday"/);
  t.match(await refusal('--until', '2026-02-30'), /^--until: expected a date/);
  t.match(await refusal('--since', '2026-11-20', '--until', '2026-11-19'), /^--until: expected a time after --since/);
  t.match(
    await refusal('--order', 'size'), /^--order: expected one of bytes, rows, max-bytes, stall, cuts, refusals, got "size"/,
  );
  t.match(await refusal('--limit', '0'), /^--limit: expected a number/);
  t.match(await refusal('--sinse', '2026-11-20'), /unknown flag --sinse, did you mean --since/);
  t.match(await refusal('-', '-'), /standard input can be read only once/);
});

t.test('--help says what it takes', async (t) => {
  const { stdout } = await sluice(['report', '--help']);
  t.match(stdout, /sluice report \[flags\] FILE/);
  for (const flag of ['order', 'limit', 'json', 'since', 'until', 'user', 'schema']) {
    t.match(stdout, new RegExp(`--${flag} `));
  }
});

t.test('says that a file is a slow query log, which it does not read', async (t) => {
  const entry = '# Time: 2026-11-20T12:00:00.000000Z\n# User@Host: app[app] @  [10.0.0.7]  Id: 42\nSELECT 1;\n';
  const slow = file(t, 'slow.log', entry);
  const { code, stdout } = await sluice(['report', slow]);
  t.equal(code, 0);
  t.match(stdout, `# ${slow} is a slow query log (line 1): pt-query-digest reads it. `);
  t.match((await reportJson(slow)).read, { badLines: 3, firstOfSlowLog: { file: slow, line: 1 } });
  t.equal((await reportJson(file(t, 'audit.json', DAY))).read.firstOfSlowLog, null);
});
