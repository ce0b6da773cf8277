import t, { type Test } from 'tap';
import { Capability } from '../../../src/protocol/capabilities.js';
import { Command } from '../../../src/protocol/commands.js';
import { storedFrame } from '../../../src/protocol/compression.js';
import { decodeErr, FirstByte } from '../../../src/protocol/packets.js';
import { Status } from '../../../src/protocol/status.js';
import { command, execute, fetch, prepare, query } from '../../support/commandPayloads.js';
import type { ProxySettings } from '../../support/inProcess.js';
import { HEAD_PACKETS, heardOf, NEXT, respond, result } from '../../support/memoryResults.js';
import { settled } from '../../support/memorySocket.js';
import { beginSession, type MemorySession, NOTHING_LEFT, startSession } from '../../support/memorySession.js';
import {
  answer, ask, err, login, ok, packetsFrom, preparedAnswer, resultSet,
} from '../../support/wirePackets.js';

// The terms of a session's responses, and the records of their ends.

const SELECT = 'SELECT * FROM big';
/** Its error promises that it runs to its end. */
const PROMISED = `${SELECT}; INSERT INTO t VALUES (1)`;
const MORE = Status.AUTOCOMMIT | Status.MORE_RESULTS_EXISTS;
const LIMIT = 2;
const FIVE = result(5);
const LIMITED: ProxySettings = { limits: { rows: LIMIT }, streaming: { signals: [] } };
const ALL_RECORDED: ProxySettings = { audit: { sample: { oneIn: 1 } } };

const isCutBehind = (t: Test, scene: MemorySession, payloads: readonly Buffer[], packets: number): void => {
  const { passed, behind } = heardOf(scene, payloads);
  t.strictSame([passed, behind[4]], [packets, FirstByte.ERR]);
};

// The terms of a response.

const BY_SCHEMA: ProxySettings = {
  limits: { rows: 100 }, streaming: { signals: [] },
  rules: [{ name: 'archive', match: { schema: 'archive' }, limits: { rows: LIMIT } }],
};

t.test('applies the rule of another schema from the USE on that stands in the same text', async (t) => {
  const scene = await startSession(t, BY_SCHEMA);
  const all = [...result(4, MORE), ok(MORE), ...FIVE];
  await respond(scene, `SELECT 1; USE archive; ${SELECT}`, all);
  isCutBehind(t, scene, all, result(4).length + 1 + HEAD_PACKETS);
  t.match(scene.records, [{ action: 'cut', rule: 'archive', schema: 'archive', forwardedRows: 4 }]);
});

t.test('applies the rule of another schema to the responses after a USE', async (t) => {
  const scene = await startSession(t, BY_SCHEMA);
  await respond(scene, SELECT, FIVE);
  t.equal(heardOf(scene, FIVE).passed, FIVE.length);
  await scene.play(ask(query('USE archive')), answer(ok()));
  await respond(scene, SELECT, FIVE);
  isCutBehind(t, scene, FIVE, HEAD_PACKETS + LIMIT);
});

t.test('keeps its terms when a USE has failed', async (t) => {
  const scene = await startSession(t, BY_SCHEMA);
  await scene.play(ask(query('USE archive')), answer(err(1049)));
  await respond(scene, SELECT, FIVE);
  t.equal(heardOf(scene, FIVE).passed, FIVE.length);
});

t.test('takes a result for a stream when it comes from a server-side cursor', async (t) => {
  const scene = await startSession(t, { limits: { rows: LIMIT }, streaming: { signals: ['cursor'] } });
  await scene.play(ask(prepare(SELECT)), answer(...preparedAnswer('eof', 1, 1, 0)));
  const cursor = resultSet('eof', [], { statusFlags: Status.AUTOCOMMIT | Status.CURSOR_EXISTS }).slice(0, HEAD_PACKETS);
  await scene.play(ask(execute(1, 1)), answer(...cursor));
  await scene.play(ask(fetch(1, 5)));
  const fetched = FIVE.slice(HEAD_PACKETS);
  scene.server.say(packetsFrom(1, ...fetched));
  await settled();
  t.strictSame(heardOf(scene, fetched), { passed: fetched.length, behind: Buffer.alloc(0) });
});

// Requests for a file.

t.test('passes a request for a file that the client has offered, and counts the rows after it', async (t) => {
  const scene = await startSession(t, LIMITED);
  await respond(scene, `LOAD DATA LOCAL INFILE 'lines' INTO TABLE t; ${SELECT}`, [Buffer.from('\xfblines', 'latin1')]);
  t.match(scene.client.heard.toString('latin1'), /lines$/);
  const upload = Buffer.concat([packetsFrom(2, Buffer.from('1\n')), packetsFrom(3, Buffer.alloc(0))]);
  scene.client.say(upload);
  await scene.server.hear(upload.length);
  scene.client.forget();
  const behind = [ok(MORE), ...FIVE];
  scene.server.say(packetsFrom(4, ...behind));
  await settled();
  const passed = packetsFrom(4, ...behind.slice(0, 1 + HEAD_PACKETS + LIMIT));
  t.ok(scene.client.heard.subarray(0, passed.length).equals(passed));
  t.equal(scene.client.heard[passed.length + 4], FirstByte.ERR);
});

t.test('ends the session when the server asks for a file that no statement has offered', async (t) => {
  const scene = await startSession(t);
  await respond(scene, 'SELECT 1', [Buffer.from('\xfb/etc/passwd', 'latin1')]);
  t.match(decodeErr(scene.client.heard.subarray(4)), { code: 1158, message: /no LOAD DATA LOCAL of this client/ });
  t.notMatch(scene.client.heard.toString('latin1'), /passwd/);
  t.ok(scene.client.hasHeardEnd && scene.server.hasHeardEnd);
  scene.client.socket.end();
  await settled();
  const reason = 'the server asked for a file that was not offered';
  t.match(scene.endings(), [{ level: 'warn', by: 'sluice', reason }]);
});

t.test('releases held back rows when the client has to answer first', async (t) => {
  const scene = await startSession(t, { ...LIMITED, onExceed: { action: 'hold' }, budget: { bytes: '1MiB' } });
  const first = [...result(LIMIT, MORE), Buffer.from('\xfblines', 'latin1')];
  await respond(scene, "SELECT 1; LOAD DATA LOCAL INFILE 'lines' INTO TABLE t", first.slice(0, -1));
  t.equal(heardOf(scene, first).passed, HEAD_PACKETS);
  scene.server.say(packetsFrom(first.length, ...first.slice(-1)));
  await settled();
  t.equal(heardOf(scene, first).passed, first.length);
});

// Records of responses whose end is not seen.

const HALF = FIVE.slice(0, HEAD_PACKETS + 1);
const ENDS: Record<string, { readonly end: (scene: MemorySession) => void, readonly outcome: string }> = {
  'the client has gone': { end: ({ client }) => void client.socket.resetAndDestroy(), outcome: 'client-gone' },
  'the server has gone': { end: ({ server }) => void server.socket.resetAndDestroy(), outcome: 'upstream-gone' },
  'Sluice has ended it': { end: ({ session }) => session.destroy('', ['sluice', 'stopped']), outcome: 'closed' },
};

for (const [what, { end, outcome }] of Object.entries(ENDS)) {
  t.test(`records each response that was under way when ${what}`, async (t) => {
    const scene = await startSession(t, ALL_RECORDED);
    await scene.play(ask(query('SELECT 1')), ask(query('SELECT 2')));
    scene.server.say(packetsFrom(1, ...HALF));
    await settled();
    end(scene);
    await settled();
    const counts = { rows: 1, forwardedRows: 1 };
    t.match(scene.records, [{ action: 'sample', sql: 'SELECT 1', outcome, complete: false, ...counts }]);
    t.strictSame(scene.left(), NOTHING_LEFT);
  });
}

t.test('records a response that cannot be followed to its end', async (t) => {
  const scene = await startSession(t, ALL_RECORDED);
  await respond(scene, 'SELECT 1', HALF);
  scene.server.say(packetsFrom(HALF.length + 1, Buffer.alloc(0))); // a row has at least one byte
  await settled();
  t.match(scene.records, [{ outcome: 'unparsed', complete: false, rows: 1 }]);
  t.equal(scene.shared.budget.usedBytes, 0);
});

t.test('records a cut response whose end was seen when the session ends before its kill is answered', async (t) => {
  const kill = { kill: () => new Promise<never>(() => undefined) };
  const scene = await startSession(
    t, { ...LIMITED, kill: { user: 'killer', password: 'secret' } }, { shared: { killer: kill } },
  );
  await respond(scene, SELECT, FIVE);
  t.strictSame(scene.records, []);
  scene.client.socket.resetAndDestroy();
  await settled();
  t.match(scene.records, [{ action: 'cut', outcome: 'client-gone', complete: true, rows: 5 }]);
  t.strictSame(scene.left(), NOTHING_LEFT);
});

// Statements that run on without their clients.

const QUIT = packetsFrom(0, command(Command.QUIT));
const LEAVING = {
  'has quit': ({ client }: MemorySession) => client.say(QUIT),
  'has closed': ({ client }: MemorySession) => void client.socket.end(),
  'has reset its connection': ({ client }: MemorySession) => void client.socket.resetAndDestroy(),
};

for (const [what, leave] of Object.entries(LEAVING)) {
  t.test(`lets a promised statement run to its end when its client ${what}`, async (t) => {
    const scene = await startSession(t, LIMITED);
    await respond(scene, PROMISED, FIVE.slice(0, -1));
    scene.server.forget();
    leave(scene);
    await settled();
    t.strictSame(scene.told, ['parted']);
    t.ok(scene.session.hasParted);
    t.notOk(scene.server.hasHeardEnd);
    scene.server.say(packetsFrom(FIVE.length, ...FIVE.slice(-1)));
    t.equal(await scene.server.ended(), 'FIN');
    t.ok(scene.server.heard.equals(what === 'has quit' ? QUIT : Buffer.alloc(0)), 'the server hears the last word');
    for (const { socket } of [scene.server, scene.client]) socket.destroy();
    await settled();
    t.match(scene.records, [{ action: 'cut', outcome: 'drained', complete: true, rows: 5, forwardedRows: LIMIT }]);
    t.strictSame([scene.told, scene.left()], [['parted', 'ended'], NOTHING_LEFT]);
    t.equal(scene.endings().length, 1);
  });
}

t.test('logs that a statement was ended that was promised to run to its end', async (t) => {
  const scene = await startSession(t, LIMITED);
  await respond(scene, PROMISED, FIVE.slice(0, -1));
  scene.session.destroy('Sluice is told to stop', ['sluice', 'stopped']);
  await settled();
  t.match(scene.records, [{ action: 'cut', outcome: 'closed', statementEnded: true }]);
  t.match(scene.log.filter(({ level }) => level === 'warn'), [{ msg: /^a statement was ended in the middle/ }]);
});

t.test('does not say that a promise was broken if the client had left before the cut', async (t) => {
  const scene = await startSession(t, LIMITED);
  const begun = packetsFrom(1, ...FIVE.slice(0, -1));
  await scene.play(ask(query(PROMISED)), ask(query(PROMISED)));
  scene.server.say(begun);
  await settled();
  scene.client.socket.end();
  await settled();
  scene.server.say(Buffer.concat([packetsFrom(FIVE.length, ...FIVE.slice(-1)), begun]));
  await settled();
  scene.session.destroy('Sluice is told to stop', ['sluice', 'stopped']);
  await settled();
  t.match(scene.records, [{ outcome: 'drained' }, { action: 'cut', outcome: 'client-gone' }]);
  t.strictSame(scene.records.filter((record) => 'statementEnded' in record), []);
  t.strictSame(scene.log.filter(({ level }) => level === 'warn'), []);
});

t.test('does not answer commands that were sent ahead by a client that has left', async (t) => {
  const scene = await startSession(t, { ...LIMITED, ...ALL_RECORDED });
  await scene.play(ask(query(PROMISED)), NEXT[0]);
  scene.server.say(packetsFrom(1, ...FIVE.slice(0, -1)));
  await settled();
  scene.client.forget();
  scene.client.socket.end();
  await settled();
  t.strictSame(scene.told, ['parted']);
  scene.server.say(Buffer.concat([packetsFrom(FIVE.length, ...FIVE.slice(-1)), NEXT[1].bytes]));
  t.equal(await scene.server.ended(), 'FIN');
  t.equal(scene.client.heardBytes, 0);
  scene.server.socket.end();
  await settled();
  t.match(scene.records, [{ action: 'cut', forwardedRows: LIMIT }, { sql: 'SELECT 42', rows: 1, forwardedRows: 0 }]);
});

t.test('closes the client whose command waits, while its statement runs on', async (t) => {
  const scene = await startSession(t, { ...LIMITED, drain: { waiting: '1ms' } });
  await respond(scene, PROMISED, FIVE.slice(0, -1));
  scene.client.forget();
  scene.client.say(NEXT[0].bytes);
  t.equal(await scene.client.ended(), 'FIN');
  t.match(decodeErr(scene.client.heard.subarray(4)), { code: 1927, message: /was not run/ });
  t.strictSame(scene.told, ['parted']);
  t.notOk(scene.server.hasHeardEnd);
});

// The session itself.

t.test('goes on in frames after a login that agrees on compression', async (t) => {
  const scene = await beginSession(t, LIMITED);
  await scene.play(...login('eof', { capabilities: Capability.COMPRESS }));
  const asked = storedFrame(0, packetsFrom(0, query(SELECT)));
  scene.client.say(asked);
  await scene.server.hear(asked.length);
  t.ok(scene.server.heard.equals(asked));
  scene.server.say(storedFrame(1, packetsFrom(1, ...FIVE)));
  await settled();
  t.match(scene.records, [{ action: 'cut', rows: 5, forwardedRows: LIMIT }]);
});

const SET = packetsFrom(0, query('SET SESSION net_write_timeout = 420'));

for (const [what, reply] of Object.entries({ accepts: ok(), refuses: err(1820, 'not now') })) {
  t.test(`sets the session up before the first command, also where the server ${what} that`, async (t) => {
    const scene = await beginSession(t, { streaming: { netWriteTimeout: '7m' } });
    const [greeting, response, welcome] = login('eof');
    await scene.play(greeting!, response!);
    const [asked] = NEXT;
    scene.client.say(asked.bytes);
    scene.server.say(welcome!.bytes);
    await settled();
    t.ok(SET.equals(scene.server.heard), 'the server hears the set-up alone');
    scene.server.forget();
    scene.client.forget();
    scene.server.say(packetsFrom(1, reply));
    await scene.server.hear(asked.bytes.length);
    t.ok(scene.server.heard.equals(asked.bytes), 'then the command');
    t.equal(scene.client.heardBytes, 0);
    const warnings = scene.log.filter(({ level }) => level === 'warn');
    t.match(warnings, what === 'accepts' ? [] : [{ code: 1820, msg: /^the server refused to set net_write_timeout/ }]);
  });
}

t.test("warns of a client whose last query was for the server's Unix socket", async (t) => {
  const scene = await startSession(t);
  await scene.play(ask(query('SELECT @@socket')), answer(...result(1)));
  scene.client.socket.end();
  scene.server.socket.end();
  await settled();
  t.match(scene.log.filter(({ level }) => level === 'warn'), [{ msg: /asked for @@socket and left/, user: 'app' }]);
});
