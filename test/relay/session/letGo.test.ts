import { setImmediate as nextTurn } from 'node:timers/promises';
import t from 'tap';
import { query } from '../../support/commandPayloads.js';
import { fakeTimers } from '../../support/fakeTimers.js';
import { HEAD_PACKETS, NEXT, result } from '../../support/memoryResults.js';
import { settled } from '../../support/memorySocket.js';
import { startSession } from '../../support/memorySession.js';
import { packetsFrom, resultSet, textRow } from '../../support/wirePackets.js';

// A client whose command waits too long for a statement that runs to its end.

t.test('gets its last packets, also when the statement passes a further bound meanwhile', async (t) => {
  const settings = { limits: { rows: 2 }, streaming: { signals: [] }, drain: { waiting: '1ms', bytes: 1000 } };
  const { client, server, session, records } = await startSession(t, settings);
  client.say(packetsFrom(0, query('SELECT * FROM large')));
  await settled();
  client.socket.pause();
  // Nearly as much as the connection takes while its client reads nothing.
  const large = textRow('x'.repeat(40_000));
  const before = packetsFrom(1, ...resultSet('eof', [large, large]));
  server.say(before);
  await settled();
  client.say(packetsFrom(0, query('SELECT * FROM big; INSERT INTO t VALUES (1)')));
  await settled();
  const passed = packetsFrom(1, ...result(0).slice(0, HEAD_PACKETS), textRow('y'.repeat(30_000)), textRow('fits'));
  server.say(Buffer.concat([passed, packetsFrom(6, textRow('too many'))]));
  await settled();
  t.ok(session.runsOn && session.responses.flow.sink.isFull, 'its last packets wait');
  client.say(NEXT[0].bytes);
  while (!session.hasParted) await nextTurn();
  server.say(packetsFrom(7, large));
  await server.ended();
  client.socket.resume();
  t.equal(await client.ended(), 'FIN');
  const whole = Buffer.concat([before, passed]);
  t.ok(client.heard.subarray(0, whole.length).equals(whole), 'every row that fits');
  const behind = client.heard.toString('latin1', whole.length);
  t.match(behind, /exceeds 2 rows.*runs to its end on the server.*this command was not run/s);
  client.socket.end();
  await settled();
  t.match(records, [{ forwardedRows: 2, outcome: 'closed', statementEnded: true }]);
});

for (const does of ['closes', 'hangs'] as const) {
  t.test(`gets its last packets when it takes nothing for drain.time and the server ${does}`, async (t) => {
    const timers = fakeTimers(t);
    const settings = { limits: { rows: 2 }, streaming: { signals: [] }, drain: { waiting: '1ms', time: '1s' } };
    const { client, server, log, session } = await startSession(t, settings);
    client.say(packetsFrom(0, query('CALL report()')));
    await settled();
    client.socket.pause();
    // More than the connection takes while its client reads nothing.
    const passed = packetsFrom(1, ...result(0).slice(0, HEAD_PACKETS), ...Array(2).fill(textRow('x'.repeat(60_000))));
    server.say(Buffer.concat([passed, packetsFrom(6, textRow('too many'))]));
    await settled();
    client.say(NEXT[0].bytes);
    await settled();
    timers.pass(1);
    t.ok(session.hasParted && session.responses.flow.sink.isFull, 'its last packets wait');
    server.say(packetsFrom(7, ...result(0).slice(HEAD_PACKETS)));
    t.equal(await server.ended(), 'FIN');
    if (does === 'closes') server.socket.end();
    await settled();
    timers.pass(1000);
    await settled();
    client.socket.resume();
    t.equal(await client.ended(), 'FIN');
    t.ok(client.heard.subarray(0, passed.length).equals(passed), 'every row that fits');
    t.match(client.heard.toString('latin1', passed.length), /exceeds 2 rows.*this command was not run/s);
    t.equal(log.filter(({ msg }) => /has not answered and closed/.test(msg)).length, does === 'hangs' ? 1 : 0);
  });
}
