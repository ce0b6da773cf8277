import { once } from 'node:events';
import t from 'tap';
import { Capability } from '../../src/protocol/capabilities.js';
import type { Part } from '../support/answerReader.js';
import { close, CURSOR_READ_ONLY, execute, fetch, prepare, query } from '../support/commandPayloads.js';
import { APP } from '../support/seed.js';
import { SERVER_KINDS, type Server, startServer } from '../support/servers.js';
import { type Sluice, startSluice } from '../support/sluice.js';
import { BASE_CAPABILITIES, WireClient } from '../support/wireClient.js';

// Sudden ends: of a killed query, of a connection, of a server, of a client with open cursors.

const UNLIMITED = { limits: { rows: null, bytes: null }, log: { level: 'debug' } };
/** 200 MB, far more than sockets hold. The server stops in the middle while its client does not read. */
const ENDLESS = "SELECT id, REPEAT('e', 1000) FROM numbers";
const INTERRUPTED = 1317;

const connect = (port: number, compression = 0n): Promise<WireClient> =>
  WireClient.connect({ port, capabilities: BASE_CAPABILITIES | Capability.DEPRECATE_EOF | compression, ...APP });

const idOf = async (client: WireClient): Promise<string> => (await client.sql('SELECT CONNECTION_ID()'))[0]?.[0] ?? '';

/** Brings a client into the middle of a result. It has the beginning, and reads no more until resumed. */
const beginResult = async (client: WireClient, sql = ENDLESS): Promise<void> => {
  client.transport.sendCommands([query(sql)]);
  await once(client.transport.socket, 'data');
  client.transport.socket.pause();
};

/** The number of the server's threads with this id and state. */
const countOf = async (server: Server, id: string, state = 'TRUE'): Promise<number> => {
  const sql = `SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE ID = ${id} AND ${state}`;
  return Number((await server.sql(sql))[0]?.[0]);
};

/** Resolves when the server waits for its client to read on. */
const stands = async (server: Server, id: string): Promise<void> => {
  const isSending = "(STATE LIKE '%net%' OR STATE LIKE '%client%' OR STATE LIKE 'Sending%')";
  while (await countOf(server, id, isSending) !== 1) continue;
};

const isGone = async (server: Server, id: string): Promise<void> => {
  while (await countOf(server, id) !== 0) continue;
};

/** The end of an answer: its own end, an error's code, or a closed connection. */
const endOf = (parts: readonly Part[]): string => {
  const part = parts.at(-1);
  const end = part?.is === 'result' ? part.end : part;
  return end?.is === 'error' ? String(end.code) : end?.is ?? 'nothing';
};

/** The errors that a server may send before it closes: shutdown in progress, killed, interrupted by the shutdown. */
const LAST_WORDS = ['closed', '1053', '1317', '1927', '4031'];

const readOn = (client: WireClient): Promise<Part[]> => {
  client.transport.socket.resume();
  return client.answers([query(ENDLESS)]);
};

/** Waits for the log line about the end of a connection's session. */
const sessionEnd = async (sluice: Sluice, count: number): Promise<unknown> => {
  const ends = (): readonly object[] => sluice.log().filter(({ msg }) => msg === 'session ended');
  while (ends().length < count) await new Promise((resolve) => setImmediate(resolve));
  return ends().at(-1);
};

for (const kind of SERVER_KINDS) {
  await t.test(`in front of ${kind}`, async (t) => {
    const server = await startServer(t, kind);

    for (const compression of [0n, Capability.COMPRESS]) {
      const name = compression === 0n ? 'plain' : 'compressed';

      await t.test(`KILL QUERY in the middle of a result ends it with the server's error, ${name}`, async (t) => {
        const sluice = await startSluice(t, { upstream: server.port, config: UNLIMITED });
        const client = await connect(sluice.port, compression);
        const id = await idOf(client);
        await beginResult(client);
        await stands(server, id);
        await server.sql(`KILL QUERY ${id}`);
        const [result] = await readOn(client);
        t.match(result, { is: 'result', end: { is: 'error', code: INTERRUPTED } });
        t.ok(result?.is === 'result' && result.rows.length > 100, 'what was sent before has come');
        t.same(await client.sql('SELECT 42'), [['42']], 'and the connection goes on');
        await client.quit();
      });

      await t.test(`KILL CONNECTION in the middle of a result closes both connections, ${name}`, async (t) => {
        const sluice = await startSluice(t, { upstream: server.port, config: UNLIMITED });
        const client = await connect(sluice.port, compression);
        const id = await idOf(client);
        await beginResult(client);
        await stands(server, id);
        await server.sql(`KILL CONNECTION ${id}`);
        t.equal(endOf(await readOn(client)), 'closed');
        await client.transport.closed();
        await isGone(server, id);
        t.match(await sessionEnd(sluice, 1), { by: 'upstream' });
      });
    }

    await t.test('the connection stays in step after KILL QUERY of a result that is being discarded', async (t) => {
      const config = { limits: { rows: 5 }, streaming: { signals: [] } };
      const sluice = await startSluice(t, { upstream: server.port, config });
      const client = await connect(sluice.port);
      const id = await idOf(client);
      const slow = 'SELECT id, SLEEP(IF(id > 10, 100, 0)) FROM numbers';
      // Wide rows, since the server sends only when its buffer is full.
      const parts = client.ask(
        [query(`SELECT w.*, REPEAT('k', 20000) FROM (${slow} LIMIT 100) w`), query('SELECT 42')],
      );
      while (await countOf(server, id, "STATE = 'User sleep'") !== 1) continue;
      await server.sql(`KILL QUERY ${id}`);
      // When the server had not sent a row, the client gets only its error.
      t.match((await parts).at(-1), { is: 'result', rows: [Buffer.from('\x0242')] });
      await client.quit();
    });

    await t.test('a result goes on after the server was stopped in its middle', async (t) => {
      const sluice = await startSluice(t, { upstream: server.port, config: UNLIMITED });
      const client = await connect(sluice.port);
      await beginResult(client, `${ENDLESS} WHERE id <= 20000`);
      process.kill(server.pid, 'SIGSTOP');
      t.teardown(() => process.kill(server.pid, 'SIGCONT'));
      const answered = client.answers([query('')]);
      client.transport.socket.resume();
      await once(client.transport.socket, 'data');
      process.kill(server.pid, 'SIGCONT');
      const [result] = await answered;
      t.match(result, { is: 'result', end: { is: 'end' } });
      t.equal(result?.is === 'result' && result.rows.length, 20_000);
      t.same(await client.sql('SELECT 42'), [['42']]);
      await client.quit();
      await sluice.stop();
      t.same(sluice.log().filter(({ msg }) => msg.startsWith('cannot follow')), []);
    });

    await t.test('closes each statement in its turn when closes are sent ahead', async (t) => {
      const sluice = await startSluice(t, { upstream: server.port, config: UNLIMITED });
      const client = await connect(sluice.port);
      const ids: number[] = [];
      for (let i = 0; i < 20; i += 1) {
        await client.ask([prepare(`SELECT ${i}, SLEEP(0.01)`)]);
        ids.push(client.statementId);
      }
      // Each is executed, closed, and executed once more.
      const parts = await client.ask(ids.flatMap((id) => [execute(id), close(id), execute(id)]));
      t.same(parts.map((part) => (part.is === 'error' ? part.code : part.is)), ids.flatMap(() => ['result', 1243]));
      t.same(await client.sql('SELECT 42'), [['42']]);
      await client.quit();
    });

    await t.test('an abandoned cursor leaves one record when it passed a limit, and none otherwise', async (t) => {
      const config = { mode: 'audit', limits: { rows: 3 }, streaming: { signals: [] } };
      const sluice = await startSluice(t, { upstream: server.port, config });
      const client = await connect(sluice.port);
      const id = await idOf(client);
      for (let i = 0; i < 50; i += 1) {
        await client.ask([prepare(`SELECT id FROM numbers WHERE id > ${i}`)]);
        await client.ask([execute(client.statementId, CURSOR_READ_ONLY)]);
        await client.ask([fetch(client.statementId, i % 2 === 0 ? 3 : 4)]);
      }
      client.destroy();
      await isGone(server, id);
      for (let i = 0; i < 25; i += 1) {
        t.match(await sluice.nextRecord(), {
          action: 'would-cut', rows: 4, forwardedRows: 4, complete: false, outcome: 'client-gone',
        });
      }
      await sluice.stop();
      t.equal(sluice.records().length, 25);
    });
  });

  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    await t.test(`closes connections in the middle of results when ${kind} ends with ${signal}, and the proxy goes ` +
      `on`, async (t) => {
      const server = await startServer(t, kind);
      const sluice = await startSluice(t, { upstream: server.port, config: UNLIMITED });
      const waiting = [await connect(sluice.port), await connect(sluice.port, Capability.COMPRESS)];
      const idle = await connect(sluice.port);
      for (const client of waiting) {
        const id = await idOf(client);
        await beginResult(client);
        await stands(server, id);
      }
      process.kill(server.pid, signal);
      for (const client of waiting) {
        t.ok(LAST_WORDS.includes(endOf(await readOn(client))), 'the result has no good end');
      }
      t.ok(LAST_WORDS.includes(endOf(await idle.answers([query('')]))), 'nor has the idle connection');
      for (const client of [...waiting, idle]) await client.transport.closed();
      t.match(await sessionEnd(sluice, 3), { by: 'upstream' });
      await server.stop();
      await t.rejects(connect(sluice.port), { message: /cannot reach the upstream server/ }, 'the next one is told');
      await sluice.stop();
      t.same(sluice.records(), []);
      t.same(sluice.log().filter(({ msg }) => msg.startsWith('cannot follow')), []);
    });
  }
}
