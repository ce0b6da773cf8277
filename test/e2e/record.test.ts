import { fileURLToPath } from 'node:url';
import t from 'tap';
import { digestHash, digestText } from '../../src/sql/digest.js';
import { commandLine, sysbenchOptions } from '../support/clients.js';
import { runOk } from '../support/run.js';
import { APP } from '../support/seed.js';
import { SERVER_KINDS, startServer } from '../support/servers.js';
import { type AuditRecord, startSluice } from '../support/sluice.js';

// How much a record holds of a statement and of its bound parameters.

const program = (name: string): string =>
  fileURLToPath(new URL(`../support/programs/${name}`, import.meta.url));
const target = (port: number): string[] => ['127.0.0.1', String(port), APP.user, APP.password, APP.schema];

/** Settings with which every result leaves a record. */
const WARN = { warn: { bytes: '1B' } };
const SECRET = 'swordfish';
const SELECT = `SELECT '${SECRET}', ${'1234567890'.repeat(20)}0`;

const phpValues = (small: number, blob: unknown): unknown[] =>
  [small, '-9007199254740993', 0.1, 'naïve 日本', { hex: 'ff00' }, null, blob];

for (const kind of SERVER_KINDS) {
  await t.test(`records of statements to ${kind}`, async (t) => {
    const server = await startServer(t, kind);

    /** The records without those of a driver's own queries. */
    const recordsOf = async (
      audit: object, use: (port: number) => Promise<unknown>,
    ): Promise<readonly AuditRecord[]> => {
      const sluice = await startSluice(t, { upstream: server.port, config: { ...WARN, audit } });
      await use(sluice.port);
      await sluice.stop();
      return sluice.records();
    };

    await t.test('records what was bound to a statement when audit.params is on', async (t) => {
      const runPhp = (port: number) => runOk('php', [program('bind.php'), ...target(port)]);
      const records = await recordsOf({ params: true }, runPhp);
      t.match(records, [
        { command: 'COM_STMT_EXECUTE', params: phpValues(42, { longData: 70_003 }), paramsTruncated: false },
        { command: 'COM_STMT_EXECUTE', params: phpValues(43, null), paramsTruncated: false },
      ]);
      t.equal(records.length, 2);
      for (const record of await recordsOf({}, runPhp)) t.notOk('params' in record, 'and not by default');
    });

    await t.test('reads parameters when their types were sent with an earlier execution', async (t) => {
      const records = await recordsOf({ params: true }, (port) =>
        runOk('sysbench', [program('bind.lua'), ...sysbenchOptions(port), '--events=1', '--time=0', 'run']));
      const bound = records.filter(({ command }) => command === 'COM_STMT_EXECUTE');
      t.same(bound.map(({ params }) => params), [[1, 'text 1'], [2, 'text 2'], [3, 'text 3']]);
    });

    await t.test('audit.sql says how much of a statement a record holds', async (t) => {
      const normal = digestText(SELECT);
      const digest = digestHash(normal);
      const recordOf = async (audit: object): Promise<AuditRecord | undefined> => {
        const records = await recordsOf(audit, (port) => commandLine(kind, port, `${SELECT};`));
        return records.find((record) => record.digest === digest);
      };
      const whole = { sql: SELECT, sqlTruncated: false, digestText: normal };
      t.match(await recordOf({ sql: 'full' }), whole);
      const part = { sql: SELECT.slice(0, 100), sqlTruncated: true, digestText: normal };
      t.match(await recordOf({ sql: 'full', sqlBytes: 100 }), part);
      for (const [sql, shown] of [['digest', normal], ['none', null]] as const) {
        const record = await recordOf({ sql });
        t.match(record, { sql: null, digestText: shown });
        t.notMatch(JSON.stringify(record), SECRET, 'no literal is in it');
      }
    });
  });
}
