import t, { type Test } from 'tap';
import { CLIENTS, commandLine } from '../support/clients.js';
import { startSession } from '../support/session.js';
import { SERVER_KINDS, startServer } from '../support/servers.js';
import { startSluice } from '../support/sluice.js';

const LIMIT = 1000;
const SMALL = 'SELECT id, label FROM numbers WHERE id <= 100';
const LARGE = 'SELECT id, label FROM numbers WHERE id <= 2000';

const CONFIG = {
  limits: { rows: LIMIT },
  warn: { rows: 1500 },
  streaming: { signals: ['hint'] },
  rules: [
    { name: 'free', match: { program: 'free' }, hints: 'any' },
    { name: 'deaf', match: { program: 'deaf' }, hints: 'none' },
  ],
};

const PREPARING = CLIENTS.filter(({ name }) => name.endsWith('prepared'));

for (const kind of SERVER_KINDS) {
  await t.test(`hints to ${kind}`, async (t) => {
    const server = await startServer(t, kind);
    const sluice = await startSluice(t, { upstream: server.port, config: CONFIG });
    const session = (program_name: string) =>
      startSession(t, sluice.port, { driver: 'pymysql', connect: { program_name } });
    const [usual, free, deaf] = [await session('usual'), await session('free'), await session('deaf')];

    /** The number of rows at which a statement is cut, or null. The error and the record have to agree. */
    const cutAt = async (t: Test, reader: typeof usual, sql: string): Promise<number | null> => {
      const { error, rows } = await reader.run(sql);
      if (error === null) {
        t.equal(rows, sql.includes('2000') ? 2000 : 100, 'the result is whole');
        return null;
      }
      const record = await sluice.nextRecord();
      t.match(record, { action: 'cut', sql, forwardedRows: record.limit.rows, class: 'buffered' });
      t.match(error.message, `exceeds ${record.limit.rows} rows`);
      return record.limit.rows;
    };

    await t.test("a hint before or after a statement lowers its limit, and no other's", async (t) => {
      t.equal(await cutAt(t, usual, `/* sluice: rows=5 */ ${SMALL}`), 5);
      t.equal(await cutAt(t, usual, `${SMALL} /* sluice: rows=6 */`), 6);
      t.equal(await cutAt(t, usual, SMALL), null, 'and of no other');
      const { error } = await usual.run(`/* sluice: bytes=200B */ ${SMALL}`);
      t.match(error?.message, 'exceeds 200 bytes');
      t.match(await sluice.nextRecord(), { reason: 'bytes', limit: { rows: LIMIT, bytes: 200 } });
    });

    await t.test('ignores a hint inside a literal or in the middle of a statement', async (t) => {
      t.equal(await cutAt(t, usual, `${SMALL} AND label <> '/* sluice: rows=5 */'`), null);
      t.equal(await cutAt(t, usual, SMALL.replace('FROM', '/* sluice: rows=5 */ FROM')), null);
    });

    await t.test('ignores a malformed hint, and one that would raise the limit', async (t) => {
      t.equal(await cutAt(t, usual, `/* sluice: rows=5000 */ ${LARGE}`), LIMIT);
      t.equal(await cutAt(t, usual, `/* sluice: stream */ ${LARGE}`), LIMIT);
      t.equal(await cutAt(t, usual, `/* sluice: row=5 */ ${SMALL}`), null);
      t.equal(await cutAt(t, usual, `/* sluice: rows=5 rows=6 */ ${SMALL}`), null);
    });

    await t.test('hints may raise the limit or stream with "any"', async (t) => {
      t.equal(await cutAt(t, free, `/* sluice: rows=5000 */ ${LARGE}`), null);
      t.match(await sluice.nextRecord(), { action: 'warn', rule: 'free', class: 'buffered', signal: null });
      t.equal(await cutAt(t, free, `/* sluice: stream */ ${LARGE}`), null);
      t.match(await sluice.nextRecord(), {
        action: 'admit', rule: 'free', class: 'streaming', signal: 'hint', rows: 2000, forwardedRows: 2000,
      });
      t.equal(await cutAt(t, free, LARGE), LIMIT, 'a statement without a hint is limited as before');
    });

    await t.test('ignores all hints with "none"', async (t) => {
      t.equal(await cutAt(t, deaf, `/* sluice: rows=5 */ ${SMALL}`), null);
      t.equal(await cutAt(t, deaf, `/* sluice: stream */ ${LARGE}`), LIMIT);
    });

    for (const client of PREPARING) {
      await t.test(`follows a hint in a prepared statement: ${client.name}`, async (t) => {
        const seen = await client.read(sluice.port, `/* sluice: rows=7 */ ${SMALL}`);
        t.match(seen, { error: { message: /exceeds 7 rows/ }, after: { answer: 42 } });
        t.match(await sluice.nextRecord(), { action: 'cut', forwardedRows: 7, command: 'COM_STMT_EXECUTE' });
      });
    }

    for (const vendor of SERVER_KINDS) {
      await t.test(`the command line of ${vendor} sends hints when told to keep comments`, async (t) => {
        const input = `/* sluice: rows=8 */ ${SMALL};`;
        const { errors } = await commandLine(vendor, sluice.port, input, ['--comments']);
        t.match(errors, [{ code: 3170, message: /exceeds 8 rows/ }]);
        t.match(await sluice.nextRecord(), { action: 'cut', forwardedRows: 8 });
      });
    }
  });
}
