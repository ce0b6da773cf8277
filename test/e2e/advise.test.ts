import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { sluice as command } from '../cli/program.js';
import { commandLine } from '../support/clients.js';
import { Random } from '../support/random.js';
import { SERVER_KINDS, startServer } from '../support/servers.js';
import { type AuditRecord, startSluice } from '../support/sluice.js';

const STATEMENTS = 120;

/** A load of statements of three kinds, with results of all sizes. */
const loadSql = (): string => {
  const random = new Random(4);
  return Array.from({ length: STATEMENTS }, () => {
    const rows = 1 + random.skewed(8000);
    return random.pick([
      `SELECT id FROM numbers WHERE id <= ${rows};`,
      `SELECT id, REPEAT('x', 100) FROM numbers WHERE id <= ${rows};`,
      `SELECT label FROM numbers ORDER BY id DESC LIMIT ${rows};`,
    ]);
  }).join('\n');
};

/** The number of times each digest was or would have been cut. */
const cutsOf = (records: readonly AuditRecord[]): Record<string, number> => {
  const cuts: Record<string, number> = {};
  for (const { digest, action } of records) if (action === 'cut') cuts[digest] = (cuts[digest] ?? 0) + 1;
  return cuts;
};

interface Advice {
  readonly results: number;
  readonly cuts: number;
  readonly digests: readonly { readonly digest: string; readonly cuts: number }[];
  readonly config: object;
}

const advise = async (t: Test, records: readonly AuditRecord[], ...flags: string[]): Promise<Advice> => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-advise-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'audit.json');
  writeFileSync(file, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  const { code, stdout, stderr } = await command(['advise', '--json', ...flags, file]);
  t.strictSame([code, stderr], [0, '']);
  return JSON.parse(stdout) as Advice;
};

// The speed at which a busy machine lets a client read must not decide.
const WITHOUT_PACE = { streaming: { signals: ['cursor', 'dump', 'jdbc', 'hint'] } };

for (const kind of SERVER_KINDS) {
  await t.test(`advice on a load recorded in front of ${kind}`, async (t) => {
    const server = await startServer(t, kind);
    const sql = loadSql();
    const recorder = await startSluice(t, {
      upstream: server.port, flags: ['--mode', 'audit'],
      config: { ...WITHOUT_PACE, audit: { sample: { rows: 0, perSecond: 10_000 } } },
    });
    t.strictSame((await commandLine(kind, recorder.port, sql)).errors, []);
    await recorder.stop();
    const recorded = recorder.records().filter(({ sql: text }) => text?.includes('numbers'));
    t.equal(recorded.length, STATEMENTS, 'every result was recorded');

    for (const flags of [
      ['--max-rows', '1000', '--max-bytes', 'unlimited'], ['--max-rows', '3000', '--max-bytes', '20000'],
      ['--cut-rate', '10%'], ['--cut-rate', '25%', '--by', 'rows', '--max-bytes', 'unlimited'],
      ['--max-rows', '500', '--exempt', `digest=${recorded[0]?.digest},user=app`],
    ]) {
      await t.test(`holds when the load is played again: ${flags.join(' ')}`, async (t) => {
        const advice = await advise(t, recorded, ...flags);
        t.ok(advice.cuts > 0 && advice.cuts < STATEMENTS, `${advice.cuts} of ${advice.results}`);
        const enforcing = await startSluice(
          t, { upstream: server.port, config: { ...WITHOUT_PACE, ...advice.config } },
        );
        const { errors } = await commandLine(kind, enforcing.port, sql);
        await enforcing.stop();
        t.equal(errors.length, advice.cuts, 'the client was cut as often as was said');
        const said = Object.fromEntries(advice.digests.map(({ digest, cuts }) => [digest, cuts]));
        t.strictSame(cutsOf(enforcing.records()), said, 'and each digest');
      });
    }
  });
}
