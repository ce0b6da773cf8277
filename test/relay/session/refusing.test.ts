import t, { type Test } from 'tap';
import { Guard } from '../../../src/policy/guard.js';
import { Capability } from '../../../src/protocol/capabilities.js';
import { Command } from '../../../src/protocol/commands.js';
import { encodeLenencString } from '../../../src/protocol/lenenc.js';
import {
  attributedQuery, close, command, execute, fetch, longData, prepare, query, reset,
} from '../../support/commandPayloads.js';
import { executePayload } from '../../support/executePacket.js';
import { piecesOf, SPLITS } from '../../support/splits.js';
import { settled } from '../../support/memorySocket.js';
import { beginSession, memorySettings, startSession, type MemorySession } from '../../support/memorySession.js';
import type { ProxySettings } from '../../support/inProcess.js';
import {
  answer, ask, err, login, ok, packetsFrom, preparedAnswer, resultSet, textRow,
} from '../../support/wirePackets.js';

// Refused commands of a session in memory: what both ends hear, packet by packet.

const NO_DDL = { name: 'no-ddl', match: { statement: 'ddl' }, action: 'refuse' };
const SETTINGS: ProxySettings = { rules: [NO_DDL] };
const MESSAGE = 'sluice: statement refused (rule no-ddl)';
const DROP = query('DROP TABLE t');
const LAST = 0xffff_ffff;

const refusal = (sequenceId = 1, message = MESSAGE): Buffer => packetsFrom(sequenceId, err(3164, message));
const unprepared = (message: string): Buffer => packetsFrom(1, err(1243, `sluice: ${message}`));
const result = (): Buffer => packetsFrom(1, ...resultSet('eof', [textRow('1')]));
const hex = (bytes: Buffer): string => bytes.toString('hex');

/** Replaces the rules, as a reload does. */
const reload = (t: Test, { shared }: MemorySession, settings: ProxySettings): void => {
  shared.guard = new Guard(memorySettings(t, settings), () => 0);
};

/** Sends a command. Returns what both ends hear of it. */
const send = async ({ client, server }: MemorySession, ...payloads: readonly Buffer[]): Promise<[string, string]> => {
  client.forget();
  server.forget();
  client.say(Buffer.concat(payloads.map((payload) => packetsFrom(0, payload))));
  await settled();
  return [hex(server.heard), hex(client.heard)];
};

/** An OK that reports a variable of the session. */
const tracked = (name: string, value: string): Buffer => {
  const change = encodeLenencString(Buffer.concat([name, value].map((text) => encodeLenencString(text))));
  const changes = encodeLenencString(Buffer.concat([Buffer.from([0]), change]));
  return Buffer.concat([Buffer.from([0, 0, 0, 2, 0x40, 0, 0, 0]), changes]);
};

const NOTHING = '';

for (const split of SPLITS) {
  await t.test(`answers a refused statement between others, which come ${split.name}`, async (t) => {
    const session = await startSession(t, SETTINGS);
    const { client, server, records } = session;
    const [before, behind] = [packetsFrom(0, query('SELECT 1')), packetsFrom(0, query('SELECT 2'))];
    const said = Buffer.concat([before, packetsFrom(0, DROP), behind]);
    for (const piece of piecesOf(said, split)) {
      client.say(piece);
      await settled();
    }
    t.equal(hex(server.heard), hex(before), 'the server hears the statement before it');
    t.equal(client.heardBytes, 0, 'the client waits for the answer to that');
    server.say(result());
    await settled();
    t.equal(hex(client.heard), hex(Buffer.concat([result(), refusal()])), 'the error has its place after that');
    t.equal(hex(server.heard), hex(Buffer.concat([before, behind])), 'and the statement after it goes on');
    server.say(result());
    await settled();
    t.equal(hex(client.heard), hex(Buffer.concat([result(), refusal(), result()])));
    t.match(records, [{
      event: 'refused', action: 'refuse', reason: 'statement', rule: 'no-ddl', errorCode: 3164,
      command: 'COM_QUERY', sql: 'DROP TABLE t', requestBytes: DROP.length + 4, user: 'app',
    }]);
  });
}

await t.test('swallows a long statement over several packets, and counts on from the last one', async (t) => {
  const session = await startSession(t, SETTINGS);
  const { client, server, session: { requests: { flow } } } = session;
  const payload = query(`CREATE TABLE t (a INT) COMMENT '${'x'.repeat(17 * 1024 * 1024)}'`);
  const packets = packetsFrom(0, payload);
  let mostHeld = 0;
  for (let at = 0; at < packets.length; at += 1024 * 1024) {
    client.say(packets.subarray(at, at + 1024 * 1024));
    await settled();
    mostHeld = Math.max(mostHeld, flow.undecidedBytes);
  }
  t.equal(hex(client.heard), hex(refusal(2)), 'the answer to packets 0 and 1');
  t.equal(server.heardBytes, 0);
  t.ok(mostHeld < 64 * 1024, `${mostHeld} bytes were kept`);
  t.match(session.records, [{ requestBytes: packets.length, sqlTruncated: true }]);
  t.equal((await send(session, query('SELECT 1')))[0], hex(packetsFrom(0, query('SELECT 1'))), 'the session goes on');
});

await t.test('refuses a preparation, and everything that names the statement prepared last', async (t) => {
  const session = await startSession(t, SETTINGS);
  await session.play(ask(prepare('SELECT ?')), answer(...preparedAnswer('eof', 1, 1, 1)));
  t.strictSame(await send(session, prepare('DROP TABLE t')), [NOTHING, hex(refusal())]);
  const notPrepared = hex(unprepared('the statement prepared last was refused'));
  t.strictSame(await send(session, longData(LAST, 0, 'x')), [NOTHING, NOTHING], 'values for it');
  for (const payload of [execute(LAST, 0, ['x']), fetch(LAST, 1), reset(LAST)]) {
    t.strictSame(await send(session, payload), [NOTHING, notPrepared]);
  }
  t.strictSame(await send(session, close(LAST)), [NOTHING, NOTHING], 'its end');
  t.equal((await send(session, execute(1, 0, ['x'])))[0], hex(packetsFrom(0, execute(1, 0, ['x']))), 'another passes');
  session.server.say(result());
  await settled();
  await session.play(ask(prepare('SELECT 2')), answer(...preparedAnswer('eof', 2, 1, 0)));
  t.equal((await send(session, execute(LAST)))[0], hex(packetsFrom(0, execute(LAST))), 'a later one passes');
  t.equal(session.records.length, 1, 'only the preparation is recorded');
});

await t.test('answers an execution that was sent ahead after its refused preparation', async (t) => {
  const session = await startSession(t, SETTINGS);
  const heard = await send(session, prepare('DROP TABLE t'), execute(LAST));
  const notPrepared = unprepared('the statement prepared last was refused');
  t.strictSame(heard, [NOTHING, hex(Buffer.concat([refusal(), notPrepared]))]);
});

await t.test('judges an execution that was sent ahead once its preparation is answered', async (t) => {
  const byTag = { name: 'no-ddl', match: { statement: 'select' }, action: 'refuse' };
  const session = await startSession(t);
  const prepared = packetsFrom(0, prepare('SELECT 1'));
  session.client.say(prepared);
  await settled();
  reload(t, session, { rules: [byTag] });
  session.client.say(packetsFrom(0, execute(LAST)));
  await settled();
  t.equal(hex(session.server.heard.subarray(-prepared.length)), hex(prepared), 'the server does not hear it');
  session.client.forget();
  const prepareAnswer = packetsFrom(1, ...preparedAnswer('eof', 7, 1, 0));
  session.server.say(prepareAnswer);
  await settled();
  t.equal(hex(session.client.heard), hex(Buffer.concat([prepareAnswer, refusal()])));
  t.match(session.records, [{ command: 'COM_STMT_EXECUTE', sql: 'SELECT 1' }]);
});

await t.test('resets a statement whose refused execution leaves values or a cursor on the server', async (t) => {
  const session = await startSession(t);
  await session.play(ask(prepare('SELECT ?')), answer(...preparedAnswer('eof', 5, 1, 1)));
  reload(t, session, { rules: [{ ...NO_DDL, match: { statement: 'select' } }] });
  const data = longData(5, 0, 'sent ahead');
  t.strictSame(await send(session, data), [hex(packetsFrom(0, data)), NOTHING], 'values go to the server as they come');
  const heard = await send(session, execute(5, 0, [null]), command(Command.PING));
  t.strictSame(heard, [hex(packetsFrom(0, reset(5))), hex(refusal())], 'the server resets the statement');
  session.client.forget();
  session.server.forget();
  session.server.say(packetsFrom(1, ok()));
  await settled();
  t.equal(hex(session.server.heard), hex(packetsFrom(0, command(Command.PING))), 'then the next command goes');
  t.equal(session.client.heardBytes, 0, 'the client does not hear of it');
  session.server.say(packetsFrom(1, ok()));
  await settled();
  t.strictSame(await send(session, execute(5, 0, ['x'])), [NOTHING, hex(refusal())], 'no second reset is due');
  t.match(session.records, [{ requestBytes: execute(5, 0, [null]).length + 4 + data.length + 4 }, {}]);
});

await t.test('resets a statement whose values were sent ahead before it was prepared', async (t) => {
  const session = await beginSession(t, { rules: [{ ...NO_DDL, match: { tags: { route: '/old/*' } } }] });
  await session.play(...login('eof', { capabilities: Capability.QUERY_ATTRIBUTES }));
  const data = longData(LAST, 0, 'sent ahead');
  const parameters = [
    { type: 0xfd, bytes: Buffer.alloc(0) }, { type: 0xfd, name: 'route', bytes: Buffer.from('\x06/old/1') },
  ];
  const payload = executePayload(parameters, { statementId: LAST, hasQueryAttributes: true });
  t.strictSame(await send(session, prepare('SELECT ?'), data, payload), [hex(packetsFrom(0, prepare('SELECT ?'))), NOTHING]);
  session.server.forget();
  session.server.say(packetsFrom(1, ...preparedAnswer('eof', 7, 1, 1)));
  await settled();
  t.equal(hex(session.server.heard), hex(Buffer.concat([packetsFrom(0, data), packetsFrom(0, reset(7))])));
});

await t.test('lets no values pass whose types came with a refused execution', async (t) => {
  const session = await startSession(t);
  await session.play(ask(prepare('SELECT ?')), answer(...preparedAnswer('eof', 5, 1, 1)));
  reload(t, session, { rules: [{ ...NO_DDL, match: { statement: 'select' } }] });
  t.strictSame(await send(session, execute(5, 0, ['x'])), [NOTHING, hex(refusal())]);
  reload(t, session, {});
  const withoutTypes = Buffer.concat([execute(5, 0, ['x']).subarray(0, 11), Buffer.from('\0\x01x')]);
  const message = 'the types of the parameters came with an execution that was refused; prepare the statement again';
  t.strictSame(await send(session, withoutTypes), [NOTHING, hex(unprepared(message))]);
  t.strictSame(await send(session, execute(5, 0, ['x'])), [hex(packetsFrom(0, execute(5, 0, ['x']))), NOTHING]);
  session.server.say(result());
  await settled();
  t.strictSame(await send(session, withoutTypes), [hex(packetsFrom(0, withoutTypes)), NOTHING], 'now it has the types');
});

await t.test('refuses by a tag in the attributes of a query', async (t) => {
  const rule = { ...NO_DDL, match: { tags: { route: '/old/*' } } };
  const session = await beginSession(t, { rules: [rule] });
  await session.play(...login('eof', { capabilities: Capability.QUERY_ATTRIBUTES }));
  const tagged = (route: string): Buffer =>
    attributedQuery('SELECT 1', [{ name: 'route', type: 0xfd, value: Buffer.from(`\x06${route}`) }]);
  t.strictSame(await send(session, tagged('/old/1')), [NOTHING, hex(refusal())]);
  t.strictSame(await send(session, tagged('/new/1')), [hex(packetsFrom(0, tagged('/new/1'))), NOTHING]);
});

await t.test('refuses a command without a text as the statement that does the same', async (t) => {
  const session = await startSession(t, { rules: [{ ...NO_DDL, match: { statement: 'admin' } }] });
  const kill = command(Command.PROCESS_KILL, Buffer.from([7, 0, 0, 0]));
  for (const payload of [command(Command.SHUTDOWN, '\0'), command(Command.REFRESH, '\x01'), kill]) {
    t.strictSame(await send(session, payload), [NOTHING, hex(refusal())]);
  }
  t.equal((await send(session, command(Command.PING)))[0], hex(packetsFrom(0, command(Command.PING))));
  t.match(session.records.map(({ command: name, sql }) => [name, sql]), [
    ['COM_SHUTDOWN', 'SHUTDOWN'], ['COM_REFRESH', 'FLUSH'], ['COM_PROCESS_KILL', 'KILL'],
  ]);
});

await t.test('lets a command pass in mode audit, and records it once', async (t) => {
  const session = await startSession(t, { rules: [{ ...NO_DDL, mode: 'audit' }] });
  t.strictSame(await send(session, DROP), [hex(packetsFrom(0, DROP)), NOTHING]);
  session.server.say(packetsFrom(1, ok()));
  await settled();
  t.equal(hex(session.client.heard), hex(packetsFrom(1, ok())));
  const requestBytes = DROP.length + 4;
  t.match(session.records, [{ event: 'refused', action: 'would-refuse', rule: 'no-ddl', requestBytes }]);
  t.notOk('errorCode' in session.records[0]!);
  const { refusals } = session.shared.metrics;
  t.strictSame([...refusals['would-refuse'].all()], [{ labels: { rule: 'no-ddl' }, count: 1 }]);
  t.strictSame([...refusals.refuse.all()], []);
});

await t.test('makes no command wait in mode audit, and judges it as the answers before it say', async (t) => {
  const rule = { name: 'prod', match: { schema: 'prod', statement: ['ddl', 'select'] }, action: 'refuse', mode: 'audit' };
  const session = await startSession(t, { rules: [rule] });
  const { client, server, records } = session;
  const commands = [
    query('DROP TABLE a'), command(Command.INIT_DB, 'prod'), prepare('SELECT ?'), execute(LAST, 0, ['x']),
    query('DROP TABLE b'), command(Command.INIT_DB, 'shop'), query('DROP TABLE c'), command(Command.PING),
  ];
  const said = Buffer.concat(commands.map((payload) => packetsFrom(0, payload)));
  client.say(said);
  await settled();
  t.equal(hex(server.heard), hex(said), 'the server hears all of them at once');
  t.strictSame(records, [], 'nothing is judged before its time');
  const prepared = packetsFrom(1, ...preparedAnswer('eof', 7, 1, 1));
  const answers = [ok(), ok(), prepared, result(), ok(), ok(), ok(), ok()]
    .map((bytes) => (bytes.length < 10 ? packetsFrom(1, bytes) : bytes));
  for (const bytes of answers) {
    server.say(bytes);
    await settled();
  }
  t.equal(hex(client.heard), hex(Buffer.concat(answers)));
  t.match(records.map(({ action, schema, command: name, sql }) => [action, schema, name, sql]), [
    ['would-refuse', 'prod', 'COM_STMT_PREPARE', 'SELECT ?'],
    ['would-refuse', 'prod', 'COM_STMT_EXECUTE', 'SELECT ?'],
    ['would-refuse', 'prod', 'COM_QUERY', 'DROP TABLE b'],
  ]);
  t.equal(records.length, 3);
});

await t.test('records an execution in mode audit with the values and tags that it brings', async (t) => {
  const rule = { ...NO_DDL, mode: 'audit', match: { tags: { route: '/old/*' } } };
  const session = await beginSession(t, { rules: [rule], audit: { params: true } });
  await session.play(...login('eof', { capabilities: Capability.QUERY_ATTRIBUTES }));
  await session.play(ask(prepare('SELECT ?')), answer(...preparedAnswer('eof', 5, 1, 1)));
  const parameters = [
    { type: 0xfd, bytes: Buffer.from('\x05value') }, { type: 0xfd, name: 'route', bytes: Buffer.from('\x06/old/1') },
  ];
  const payload = executePayload(parameters, { statementId: 5, hasQueryAttributes: true });
  t.strictSame(await send(session, payload), [hex(packetsFrom(0, payload)), NOTHING]);
  t.match(session.records, [{ action: 'would-refuse', params: ['value'], tags: { route: '/old/1' } }]);
});

await t.test('records an execution of the statement prepared last with the tags that it brings', async (t) => {
  const rule = { ...NO_DDL, mode: 'audit', match: { tags: { route: '/old/*' } } };
  const session = await beginSession(t, { rules: [rule] });
  await session.play(...login('eof', { capabilities: Capability.QUERY_ATTRIBUTES }));
  await session.play(ask(prepare('SELECT ?')), answer(...preparedAnswer('eof', 5, 1, 1)));
  const payload = executePayload(
    [{ type: 0xfd, name: 'route', bytes: Buffer.from('\x06/old/1') }], { statementId: LAST, hasQueryAttributes: true },
  );
  await send(session, prepare('SELECT 1'), payload);
  session.server.say(packetsFrom(1, ...preparedAnswer('eof', 6, 1, 0)));
  await settled();
  t.match(session.records, [{ action: 'would-refuse', sql: 'SELECT 1', tags: { route: '/old/1' } }]);
});

await t.test("writes its errors in the client's character set, as far as the session shows it", async (t) => {
  const message = 'größer – да';
  const session = await beginSession(t, { rules: [{ ...NO_DDL, refusal: { message } }] });
  await session.play(...login('eof', { capabilities: Capability.SESSION_TRACK }));
  const textOf = async (): Promise<string> => (await send(session, DROP))[1].slice(26);
  const latin1 = Buffer.from('gr\xf6\xdfer \x96 \\0434\\0430', 'latin1').toString('hex');
  t.equal(await textOf(), hex(Buffer.from(message)), 'of the login');
  await session.play(ask(query('SET NAMES latin1')), answer(ok()));
  t.equal(await textOf(), latin1, 'of a SET NAMES');
  await session.play(ask(query('CALL sets_names()')), answer(tracked('character_set_results', 'utf8mb4')));
  t.equal(await textOf(), hex(Buffer.from(message)), 'that the server reports');
});

await t.test('keeps no more answers for a client that does not read than its connection takes', async (t) => {
  const session = await startSession(t, SETTINGS);
  const { client, session: { requests: { flow }, responses } } = session;
  client.socket.pause();
  const count = 5000;
  client.say(Buffer.concat(Array.from({ length: count }, () => packetsFrom(0, DROP))));
  await settled();
  t.ok(responses.flow.sink.isFull, 'the connection takes no more');
  const answered = session.records.length;
  t.ok(answered < count, `${answered} are answered`);
  t.ok(flow.undecidedBytes <= 128 * 1024);
  client.forget();
  client.socket.resume();
  await client.hear(count * refusal().length);
  t.equal(client.heardBytes, count * refusal().length, 'all are answered once it reads');
  t.equal(session.records.length, count);
});

await t.test('closes a session that it can no longer follow when nothing may pass unjudged', async (t) => {
  for (const [unjudged, isClosed] of [[true, true], [false, false]] as const) {
    const session = await startSession(t, { rules: [{ ...NO_DDL, refusal: { unjudged } }] });
    session.client.say(Buffer.from([1, 0, 0, 9, Command.PING])); // no command has this sequence id
    await settled();
    t.equal(session.server.isClosed || session.server.hasHeardEnd, isClosed);
  }
});
