import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { err, ask, answer, login, packetsFrom, resultSet, textRow } from '../support/wirePackets.js';
import { query } from '../support/commandPayloads.js';
import { converseOver, PairedServer } from '../support/pairs.js';
import { IN_CLEAR, startSluice } from '../support/sluice.js';

// Text of others is data in the log and the audit. It cannot forge a line or control a terminal.

const FORGED = '"}\r\n{"time":"2020-01-01T00:00:00.000Z","event":"result","action":"none"}\n';
const COMMANDS = '\x1b]0;title\x07 \x1b[2J \x9b31m \x7f \b\b\b \u2028 \u2029 \u202e \u0085 \0';
const EVIL = `SELECT '${FORGED}${COMMANDS}'`;
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u;

await t.test('records a statement unchanged, on one line that a terminal can show', async (t) => {
  const file = join(t.testdir(), 'audit.json');
  const server = await PairedServer.listen();
  t.teardown(() => server.stop());
  const sluice = await startSluice(
    t, { upstream: server.port, config: { ...IN_CLEAR, limits: { rows: 1 }, audit: { to: file } } },
  );
  const pair = await server.pair(sluice.port);
  await converseOver(pair, [...login('eof'), ask(query(EVIL))]);
  pair.server.say(answer(...resultSet('eof', [textRow('1'), textRow('2')])).bytes);
  pair.client.socket.end();
  await pair.server.ended();
  pair.server.socket.end();
  await sluice.stop();
  const [line = '', ...rest] = readFileSync(file, 'utf8').split('\n');
  t.same(rest, [''], 'one line');
  t.notMatch(line, UNPRINTABLE);
  t.match(JSON.parse(line), { action: 'cut', sql: EVIL, digestText: 'SELECT ?' });
});

await t.test('logs what a server says in place of a greeting unchanged', async (t) => {
  const server = await PairedServer.listen();
  t.teardown(() => server.stop());
  const sluice = await startSluice(t, { upstream: server.port, config: IN_CLEAR });
  const pair = await server.pair(sluice.port);
  pair.server.say(packetsFrom(0, err(1040, EVIL)));
  await pair.client.ended();
  await sluice.stop();
  t.ok(sluice.log().some(({ msg, level }) => level === 'warn' && msg.includes(EVIL)));
});
