import t, { type Test } from 'tap';
import { Capability } from '../../../src/protocol/capabilities.js';
import { Command } from '../../../src/protocol/commands.js';
import { attributedQuery, command, query } from '../../support/commandPayloads.js';
import { fromServer, type Turn } from '../../support/conversationHarness.js';
import { converseOver, type Pair, PairedProxy } from '../../support/pairs.js';
import { err, login, ok, packetsFrom } from '../../support/wirePackets.js';

// Sluice's own statement at the begin of a session, as both ends see it, packet by packet.

const SET_STATEMENT = 'SET SESSION net_write_timeout = 420';
const SET = packetsFrom(0, query(SET_STATEMENT));
const SET_ANSWER = packetsFrom(1, ok());
const COMMANDS = Buffer.concat([packetsFrom(0, query('SELECT 1')), packetsFrom(0, command(Command.PING))]);
const QUIT = packetsFrom(0, command(Command.QUIT));

const start = async (t: Test, netWriteTimeout: string | null = '7m'): Promise<PairedProxy> => {
  const proxy = await PairedProxy.start({ streaming: { netWriteTimeout } });
  t.teardown(() => proxy.stop());
  return proxy;
};

/** Checks that the next bytes of one end are these. */
const hears = async (t: Test, end: Pair['client'], bytes: Buffer, what: string): Promise<void> => {
  await end.hear(bytes.length);
  t.strictSame(end.heard.toString('hex'), bytes.toString('hex'), what);
  end.forget();
};

/** Begins a session whose client sends `behind` with its answer to the greeting, and is let in. */
const letIn = async (t: Test, proxy: PairedProxy, behind = Buffer.alloc(0), turns = login('eof')): Promise<Pair> => {
  const [greeting, response, welcome] = turns as [Turn, Turn, Turn];
  const pair = await proxy.pair();
  await converseOver(pair, [greeting]);
  pair.client.say(Buffer.concat([response.bytes, behind]));
  await pair.server.hear(response.bytes.length);
  t.equal(pair.server.heardBytes, response.bytes.length, 'the server hears the answer to its greeting and no command');
  pair.client.forget();
  pair.server.forget();
  pair.server.say(welcome.bytes);
  await hears(t, pair.client, welcome.bytes, 'the client is told at once that it is let in');
  return pair;
};

await t.test('sets a session up after its login, before commands that its client sent ahead', async (t) => {
  const pair = await letIn(t, await start(t), COMMANDS);
  await hears(t, pair.server, SET, 'the server hears the set-up alone');
  pair.server.say(SET_ANSWER);
  await hears(t, pair.server, COMMANDS, 'then the commands');
  const answers = Buffer.concat([packetsFrom(1, ok()), packetsFrom(1, ok())]);
  pair.server.say(answers);
  await hears(t, pair.client, answers, 'the client hears the answers to its own commands, and nothing else');
});

await t.test('sets a session up again after a reset or a change of user, before the commands after ' +
  'that', async (t) => {
  const pair = await letIn(t, await start(t));
  await hears(t, pair.server, SET, 'after the login');
  pair.server.say(SET_ANSWER);
  for (const code of [Command.RESET_CONNECTION, Command.CHANGE_USER]) {
    const payload = code === Command.CHANGE_USER ? command(code, 'app\0\0shop\0') : command(code);
    const reset = packetsFrom(0, payload);
    pair.client.say(Buffer.concat([reset, COMMANDS]));
    await hears(t, pair.server, reset, 'the server hears it alone');
    pair.server.say(packetsFrom(1, ok()));
    await hears(t, pair.client, packetsFrom(1, ok()), 'and its answer reaches the client at once');
    await hears(t, pair.server, SET, 'the set-up follows');
    for (const byte of SET_ANSWER) pair.server.say(Buffer.from([byte]));
    await hears(t, pair.server, COMMANDS, 'then the commands');
    pair.server.say(packetsFrom(1, ok()));
    await hears(t, pair.client, packetsFrom(1, ok()), 'the first of which is answered');
    pair.server.say(packetsFrom(1, ok()));
    await hears(t, pair.client, packetsFrom(1, ok()), 'and the second');
  }
});

await t.test('does not set a session up when its reset is refused', async (t) => {
  const pair = await letIn(t, await start(t));
  await hears(t, pair.server, SET, 'after the login');
  pair.server.say(SET_ANSWER);
  pair.client.say(Buffer.concat([packetsFrom(0, command(Command.RESET_CONNECTION)), COMMANDS]));
  await hears(t, pair.server, packetsFrom(0, command(Command.RESET_CONNECTION)), 'the reset');
  pair.server.say(packetsFrom(1, err(1047)));
  await hears(t, pair.client, packetsFrom(1, err(1047)), 'is refused');
  await hears(t, pair.server, COMMANDS, 'and the commands follow');
});

await t.test('logs that the server refuses the set-up, and the session goes on', async (t) => {
  const proxy = await start(t);
  const pair = await letIn(t, proxy, COMMANDS);
  await hears(t, pair.server, SET, 'the set-up');
  pair.server.say(packetsFrom(1, err(1820, 'You must reset your password')));
  await hears(t, pair.server, COMMANDS, 'the commands follow');
  pair.server.say(packetsFrom(1, ok()));
  await hears(t, pair.client, packetsFrom(1, ok()), 'the client does not hear of it');
  t.match(proxy.here.log.find(({ msg }) => msg.startsWith('the server refused to set net_write_timeout')), {
    level: 'warn', code: 1820, error: 'You must reset your password', user: 'app',
  });
});

await t.test('relays every command of a client that leaves right after its login', async (t) => {
  const pair = await letIn(t, await start(t), Buffer.concat([COMMANDS, QUIT]));
  pair.client.socket.end();
  await hears(t, pair.server, SET, 'the set-up');
  pair.server.say(SET_ANSWER);
  await hears(t, pair.server, Buffer.concat([COMMANDS, QUIT]), 'every command');
  t.equal(await pair.server.ended(), 'FIN', 'and then its end');
});

await t.test("ends the session when the server's answer to the set-up cannot be followed", async (t) => {
  const proxy = await start(t);
  const pair = await letIn(t, proxy);
  await hears(t, pair.server, SET, 'the set-up');
  pair.server.say(packetsFrom(1, Buffer.from([1]), Buffer.from('no answer to a SET')));
  await pair.client.ended();
  t.equal(pair.client.heardBytes, 0);
});

await t.test('sends the set-up with an empty list of attributes when query attributes are agreed on', async (t) => {
  const pair = await letIn(t, await start(t), COMMANDS, login('eof', { capabilities: Capability.QUERY_ATTRIBUTES }));
  await hears(t, pair.server, packetsFrom(0, attributedQuery(SET_STATEMENT)), 'the set-up');
});

await t.test('sends nothing and delays no command when there is nothing to set up', async (t) => {
  const proxy = await start(t, null);
  const [greeting, response] = login('eof') as [Turn, Turn];
  const pair = await proxy.pair();
  await converseOver(pair, [fromServer(greeting.bytes)]);
  const said = Buffer.concat([response.bytes, COMMANDS]);
  pair.client.say(said);
  await pair.server.hear(said.length);
  t.equal(
    pair.server.heardBytes, said.length,
    'commands that are sent ahead go to the server before it has let the client in',
  );
});
