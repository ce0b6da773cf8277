import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { configFile } from '../config/configFile.js';
import { auditLine } from '../support/auditRecords.js';
import { run } from '../support/run.js';
import { CLI, sluice } from './program.js';

const BI = { user: 'bi', digest: 'd00000000000000d', digestText: 'SELECT * FROM `big`' };
const SAMPLE = { action: 'sample', reason: 'rows', limit: { rows: 0, bytes: null } };
const DAY = [
  ...[10, 20, 30, 40, 50, 60, 70].map((rows) => auditLine({ ...SAMPLE, rows, bytes: rows * 10 })),
  auditLine({ ...SAMPLE, rows: 5000, bytes: 60_000 }),
  auditLine({ ...SAMPLE, ...BI, rows: 90_000, bytes: 1_000_000 }),
  auditLine({ ...SAMPLE, ...BI, rows: 80_000, bytes: 900_000, class: 'streaming' }),
].join('');

const dayFile = (t: Test): string => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-advise-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'audit.json');
  writeFileSync(file, DAY);
  return file;
};

t.test('says what a limit would have cut, for which users, and which configuration sets that limit', async (t) => {
  const { code, stdout, stderr } = await sluice(['advise', '--max-rows', '1000', '--exempt', 'user=x', dayFile(t)]);
  t.equal(stderr, '');
  t.equal(code, 0);
  t.match(stdout, /^# Limits of 1,000 rows or 64\.0 MiB would have cut 2 of 9 results \(22\.2%\)\.$/m);
  t.match(stdout, /^# Streamed, and therefore not limited: 1$/m);
  t.match(stdout, /^# d00000000000000d +1 +90,000 +976\.6 KiB +bi +worker +SELECT \* FROM `big`$/m);
  const config = stdout.slice(stdout.indexOf('\n{') + 1);
  t.match(JSON.parse(config), { limits: { rows: 1000, bytes: '64MiB' }, rules: [{ match: { user: 'x' } }] });
  const checked = await sluice(['check', '--upstream', 'db', '--config', configFile(t, JSON.parse(config))]);
  t.strictSame([checked.code, checked.stderr], [0, 'The configuration is good.\n']);
});

t.test('counts a result that was let through as a stream apart, and does not raise the limit for it', async (t) => {
  const admitted = auditLine({ action: 'admit', rows: 900_000, class: 'streaming', signal: 'pace' });
  const passed = auditLine({ ...SAMPLE, rows: 500 });
  const folder = mkdtempSync(join(tmpdir(), 'sluice-advise-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'audit.json');
  writeFileSync(file, admitted + passed);
  const { stdout } = await sluice(['advise', '--max-rows', '1000', file]);
  t.match(stdout, /would have cut 0 of 1 result \(/);
  t.match(stdout, /^# 1 result passed the limit then in force as a stream; a higher limit makes no difference to it$/m);
  t.notMatch(stdout, /Streamed, and therefore not limited/);
  const found = JSON.parse((await sluice(['advise', '--json', '--cut-rate', '0%', '--by', 'rows', file])).stdout);
  t.match(found, { admitted: 1, streamed: 0, cuts: 0 });
  t.ok(found.config.limits.rows < 1000, `${found.config.limits.rows} rows`);
});

t.test('--cut-rate finds the limit on bytes, or on rows, that cuts no more than the rate', async (t) => {
  const advice = async (...flags: string[]) =>
    JSON.parse((await sluice(['advise', '--json', ...flags, dayFile(t)])).stdout);
  const none = await advice('--cut-rate', '0%', '--by', 'rows');
  t.equal(none.cuts, 0);
  t.ok(none.config.limits.rows >= 90_000);
  const some = await advice('--cut-rate', '12%');
  t.equal(some.cuts, 1);
  t.match(some.digests, [{ digest: BI.digest, cuts: 1 }]);
  const exempting = await advice('--cut-rate', '0%', '--exempt', 'user=bi', '--exempt', 'program=x,digest=ff*');
  t.equal(exempting.exempt, 1);
  t.equal(exempting.config.rules.length, 2);
});

t.test('says that a limit is blind when it is below the recorded results', async (t) => {
  const line = auditLine({ limit: { rows: 1000, bytes: null }, rows: 1500 });
  const { stdout } = await run(
    process.execPath, [CLI, 'advise', '--max-rows', '100', '--max-bytes', 'unlimited'], { input: line },
  );
  t.match(
    stdout, /^# Results below the limit on rows at the time of recording are missing: more would be cut$/m,
  );
});

t.test('does not call a limit blind when every result with a row, or a byte, was recorded', async (t) => {
  const limits = ['--max-rows', '100', '--max-bytes', '1KiB'];
  for (const limit of [{ rows: 0, bytes: null }, { rows: null, bytes: 0 }]) {
    const reason = limit.rows === 0 ? 'rows' : 'bytes';
    const input = auditLine({ action: 'sample', reason, limit, rows: 5, bytes: 90 });
    const { stdout } = await run(process.execPath, [CLI, 'advise', ...limits], { input });
    t.match(stdout, /would have cut 0 of 1 result \(/, reason);
    t.notMatch(stdout, /are missing/, reason);
  }
});

t.test('says what a flag takes when its value is wrong', async (t) => {
  const refusal = async (...flags: string[]) => {
    const { code, stdout, stderr } = await sluice(['advise', ...flags]);
    t.equal(code, 2, flags.join(' '));
    t.equal(stdout, '');
    return stderr;
  };
  t.match(await refusal('--max-rows', 'many'), /^--max-rows: expected a positive integer or "unlimited"/);
  t.match(
    await refusal('--cut-rate', '0.1'), /^--cut-rate: expected a percentage from 0% to 100% such as 0\.1%, got "0\.1"/,
  );
  t.match(await refusal('--cut-rate', '1%', '--max-bytes', '1MiB'), /^--max-bytes: --cut-rate finds this limit/);
  t.match(await refusal('--by', 'rows'), /^--by: .* --cut-rate/);
  t.match(await refusal('--by', 'size', '--cut-rate', '1%'), /^--by: expected rows or bytes/);
  const twice = /^--cut-rate: reads its input twice, which is not possible for standard input: give files/;
  t.match(await refusal('--cut-rate', '1%'), twice);
  t.match(await refusal('--exempt', 'usr=a', '-'), /^--exempt: expected KEY=PATTERN, did you mean user\?, got "usr=a"/);
  t.match(await refusal('--exempt', 'client=everybody', '-'), /^--exempt: client/);
  t.match(await refusal('--exempt', 'user=a,user=b', '-'), /^--exempt: user is given more than once/);
  t.match(
    await refusal('--cut-rate', '1%', '--max-rows', '1', dayFile(t)), /^--cut-rate: the other limit alone cuts 100\.0%/,
  );
});
