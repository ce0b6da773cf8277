import { mkdtempSync, rmSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import t, { type Test } from 'tap';
import { ExpiryWatch } from '../../src/cli/expiryWatch.js';
import { History } from '../../src/telemetry/history.js';
import { load } from '../config/configFile.js';
import { startAdministered } from '../admin/administered.js';
import { runOk } from '../support/run.js';

const DAY_MS = 24 * 3_600_000;

// The timers of the watch do not keep the process alive.
const alive = setInterval(() => {}, 1000);
t.teardown(() => clearInterval(alive));

/** Makes self-signed certificates with their keys in a folder that is gone with the test; returns the folder. */
async function certificates(t: Test, ...days: readonly number[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-expiry-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  for (const count of days) {
    await runOk('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
    '-days', String(count),
      '-subj', '/CN=db', '-keyout', join(folder, `${count}-key.pem`), '-out', join(folder, `${count}.pem`)]);
  }
  return folder;
}

/** Watches a configuration, and reads its files often. */
function watch(t: Test, config: object): { watch: ExpiryWatch; log: string[]; said: (line: RegExp) => Promise<void> } {
  const log: string[] = [];
  const logger = pino({}, { write: (line) => void log.push((JSON.parse(line) as { msg: string }).msg) });
  const loaded = load(t, { upstream: 'db', ...config });
  const expiryWatch = new ExpiryWatch(loaded, logger, new History(), 20);
  expiryWatch.watch(loaded);
  t.teardown(() => expiryWatch.watch({ ...loaded, rules: [], listen: [], upstream: [] }));
  const said = async (line: RegExp): Promise<void> => {
    while (!log.some((text) => line.test(text))) await delay(10);
  };
  return { watch: expiryWatch, log, said };
}

const ruleUntil = (name: string, untilMs: number): object =>
  ({ name, match: { user: name }, until: new Date(untilMs).toISOString() });

t.test('announces the end of a rule a week before it, a day before it, and when it comes, each once', async (t) => {
  const inAMoment = Date.now() + 500;
  const { log, said } = watch(t, { rules: [
    ruleUntil('week', inAMoment + 7 * DAY_MS), ruleUntil('day', inAMoment + DAY_MS), ruleUntil('now', inAMoment),
    ruleUntil('past', inAMoment - DAY_MS), ruleUntil('later', inAMoment + 100 * DAY_MS),
  ] });
  t.same(log, [], 'what is so at the beginning was said by others');
  await said(/now ended/);
  await delay(100);
  t.match(log.toSorted(), [
    /^config: rules\[0\]\.until: the rule week ends at .*Z, in less than 7 days$/,
    /^config: rules\[1\]\.until: the rule day ends at .*Z, in less than a day$/,
    /^config: rules\[2\]\.until: the rule now ended at .*Z; remove it$/,
  ]);
  t.equal(log.length, 3);
});

t.test('warns when a certificate is replaced by one that expires soon, and not by one that lasts', async (t) => {
  const folder = await certificates(t, 100, 90, 5);
  const ca = join(folder, '100.pem');
  const { watch: expiryWatch, log, said } = watch(t, { upstream: { host: 'db', tls: { mode: 'verify-ca', ca } } });
  const daysLeft = (): number => Math.round((expiryWatch.expiries[0]!.atMs - Date.now()) / DAY_MS);
  t.equal(daysLeft(), 100);
  renameSync(join(folder, '90.pem'), ca);
  while (daysLeft() !== 90) await delay(10);
  t.same(log, []);
  renameSync(join(folder, '5.pem'), ca);
  await said(/100\.pem expires at .*Z, in less than 14 days$/);
  await delay(100);
  t.equal(log.length, 1);
  rmSync(ca);
  t.same(expiryWatch.expiries, [], 'of a file that is not there nothing is known');
});

t.test('start and reload say what ends soon and what has ended, and the metrics show when, also with ' +
  'workers', async (t) => {
  const folder = await certificates(t, 5);
  const cert = join(folder, '5.pem');
  const untilMs = Date.now() + DAY_MS / 2;
  const tls = { mode: 'optional', cert, key: join(folder, '5-key.pem') };
  const { program, metric, ask, configure } = await startAdministered(t, {
    listen: [{ host: '127.0.0.1', port: 0, tls }, { host: '127.0.0.1', port: 0, tls }],
    rules: [ruleUntil('soon', untilMs)],
    workers: 2,
  });
  await program.said(/^config: listen\[1\]\.tls\.cert: the certificate .*5\.pem expires at .*Z, in less than 14 days$/);
  await program.said(/^config: rules\[0\]\.until: the rule soon ends at .*Z, in less than a day$/);
  t.equal(await metric('sluice_rule_ends_timestamp_seconds{rule="soon"}'), untilMs / 1000);
  const expiresAt = await metric(`sluice_certificate_expires_timestamp_seconds{leg="client",file="${cert}"}`);
  t.ok(Math.abs(expiresAt - (Date.now() + 5 * DAY_MS) / 1000) < 600);
  const { body } = await ask('/metrics');
  t.equal(
    body.match(/^sluice_certificate_expires_timestamp_seconds/gm)?.length, 1,
    'one line for a file, however often it is named',
  );
  configure({ rules: [ruleUntil('over', Date.now() + 1000)] });
  t.match(await ask('/reload', { method: 'POST' }), { status: 200 });
  await program.said(/^config: rules\[0\]\.until: the rule over ended at .*Z; remove it$/);
});
