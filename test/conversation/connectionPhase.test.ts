import t from 'tap';
import { Capability } from '../../src/protocol/capabilities.js';
import { Command } from '../../src/protocol/commands.js';
import { encodeLenencString } from '../../src/protocol/lenenc.js';
import { command, query } from '../support/commandPayloads.js';
import {
  allFrom, eventsOf, everySplit, fromClient, fromServer, type Turn,
} from '../support/conversationHarness.js';
import {
  answer, ask, BASE_CAPABILITIES, err, greetingPayload, login, MARIADB_OFFER, MYSQL_OFFER, ok, packetsFrom,
    responsePayload,
  resultSet, textRow,
} from '../support/wirePackets.js';

const MARIADB = { version: '5.5.5-10.11.19-MariaDB', capabilities: MARIADB_OFFER };
const PACKET = 4;
// Capabilities that a proxy cannot follow: compression, TLS, and bits without a meaning.
const COMMON_CLEARED = (1 << 5) | (1 << 11) | (1 << 26) | (1 << 29);
const MARIADB_CLEARED = ~((1 << 0) | (1 << 2) | (1 << 3) | (1 << 4) | (1 << 5)) >>> 0;

const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
};

await t.test('clears only capabilities that cannot be followed, in greeting and answer', async (t) => {
  for (const [name, options, bit0] of [['mysql', {}, Capability.LONG_PASSWORD],
    ['mariadb', MARIADB, 0n]] as const) {
    const greeting = greetingPayload(options);
    // A client that asks for every capability, offered or not.
    const everything = ((1n << 64n) - 1n) & ~Capability.LONG_PASSWORD | bit0;
    const response = responsePayload({ capabilities: everything & ~Capability.SSL });
    const outcome = everySplit(t, [
      fromServer(packetsFrom(0, greeting)), fromClient(packetsFrom(1, response)),
        fromServer(packetsFrom(2, ok())),
    ]);
    const wanted = Buffer.from(greeting);
    const fixed = wanted.indexOf(0) + 1;
    const low = wanted.readUInt16LE(fixed + 13);
    const high = wanted.readUInt16LE(fixed + 18);
    wanted.writeUInt16LE(low & ~COMMON_CLEARED & 0xffff, fixed + 13);
    wanted.writeUInt16LE(high & ~(COMMON_CLEARED >>> 16) & 0xffff, fixed + 18);
    const answered = Buffer.from(response);
    uint32(answered.readUInt32LE(0) & ~COMMON_CLEARED).copy(answered);
    if (bit0 === 0n) {
      uint32(wanted.readUInt32LE(fixed + 27) & ~MARIADB_CLEARED).copy(wanted, fixed + 27);
      uint32(answered.readUInt32LE(28) & ~MARIADB_CLEARED).copy(answered, 28);
    }
    t.ok(outcome.toClient.subarray(PACKET, PACKET + wanted.length).equals(wanted), `${name}'s greeting`);
    t.ok(outcome.toServer.subarray(PACKET).equals(answered), `the answer to ${name}`);
  }
});

await t.test('does not take a capability as agreed on when the server did not offer it', async (t) => {
  const greeting = greetingPayload({ capabilities: MYSQL_OFFER & ~Capability.DEPRECATE_EOF });
  const response = responsePayload({ capabilities: BASE_CAPABILITIES | Capability.DEPRECATE_EOF });
  const outcome = everySplit(t, [
    fromServer(packetsFrom(0, greeting)), fromClient(packetsFrom(1, response)),
      fromServer(packetsFrom(2, ok())),
    ask(query('SELECT 1')), answer(...resultSet('eof', [textRow('1')])),
  ]);
  t.match(eventsOf(outcome, 'usageEnded'), [{ rows: 1 }]);
});

await t.test('reports server, user, schema and attributes from greeting and answer', async (t) => {
  const attributes = new Map([['program_name', 'mysqldump'], ['_os', 'Linux'], ['leer', '']]);
  for (const lenenc of [0n, Capability.PLUGIN_AUTH_LENENC_CLIENT_DATA]) {
    const capabilities = BASE_CAPABILITIES | Capability.CONNECT_ATTRS | lenenc;
    const outcome = everySplit(t, [
      fromServer(packetsFrom(0, greetingPayload({ version: '8.4.1', connectionId: 0xfffffffe }))),
      fromClient(packetsFrom(1, responsePayload({ capabilities, user: 'bücher', schema: 'lager',
        attributes }))),
      fromServer(packetsFrom(2, ok())),
    ]);
    t.match(outcome.events, [
      { event: 'greeted', serverVersion: '8.4.1', connectionId: 0xfffffffe, isMariadb: false },
      { event: 'identified', user: 'bücher', schema: 'lager', attributes: Object.fromEntries(attributes) },
      { event: 'ready', schema: 'lager' },
    ]);
  }
});

await t.test('loses only the attributes when they are malformed, not the session', async (t) => {
  const capabilities = BASE_CAPABILITIES | Capability.CONNECT_ATTRS;
  const whole = responsePayload({ capabilities, attributes: new Map([['a', 'b'], ['c', 'd']]) });
  const lying = Buffer.from(whole);
  lying[lying.length - 2] = 200; // the last value's length
  const cut = whole.subarray(0, -3);
  const noAttributes = whole.subarray(0, -9);
  for (const [name, response] of Object.entries({ lying, cut, noAttributes })) {
    const outcome = everySplit(t, [
      fromServer(packetsFrom(0, greetingPayload())), fromClient(packetsFrom(1, response)),
        fromServer(packetsFrom(2, ok())),
      ask(query('SELECT 1')), answer(...resultSet('eof', [textRow('1')])),
    ]);
    t.same(eventsOf(outcome, 'unparsed'), [], name);
    t.match(eventsOf(outcome, 'identified'), [{ user: 'app', schema: 'shop' }], name);
    t.same(eventsOf(outcome, 'identified')[0]?.['attributes'], name === 'noAttributes' ? {} : { a: 'b' },
      name);
    t.match(eventsOf(outcome, 'usageEnded'), [{ rows: 1 }], name);
  }
});

await t.test('reports the error that a server sends in place of its greeting', async (t) => {
  const refusal = Buffer.concat([Buffer.from([0xff, 0x10, 0x04]), Buffer.from('Too many connections')]);
  const outcome = everySplit(t, [fromServer(packetsFrom(0, refusal))]);
  t.match(eventsOf(outcome, 'refused'), [{ code: 1040, sqlState: '', message: 'Too many connections' }]);
  t.equal(outcome.toClient.length, 0);
});

await t.test('relays everything and says so when the first packet is no greeting of protocol 10', async (t) => {
  const http = Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n');
  for (const [name, bytes] of Object.entries({
    'protocol 9': packetsFrom(0, Buffer.from('\x093.20.0\0\x01\0\0\0scramble\0')),
    empty: packetsFrom(0, Buffer.alloc(0)),
    'too short': packetsFrom(0, greetingPayload().subarray(0, 20)),
    'too long': packetsFrom(0, Buffer.concat([greetingPayload(), Buffer.alloc(9000)])),
    'something else': http,
  })) {
    const outcome = everySplit(t, [fromServer(bytes), fromClient(Buffer.from('whatever'))]);
    t.match(eventsOf(outcome, 'unparsed'), [
      { direction: 'server', reason: 'not a greeting of protocol 10', phase: 'greeting', awaited: 'greeting',
        offsetBytes: 0 },
    ], name);
    t.ok(outcome.toClient.equals(bytes), name);
    t.equal(outcome.toServer.toString(), 'whatever', name);
  }
});

await t.test('relays everything and says so when the answer to the greeting cannot be followed', async (t) => {
  const old = Buffer.concat([Buffer.from([0x05, 0x00, 0, 0, 1]), Buffer.from('root\0hash')]);
  const sslRequest = responsePayload({ capabilities: BASE_CAPABILITIES | Capability.SSL }).subarray(0, 32);
  const tls = Buffer.from('\x16\x03\x01\x02\x00\x01', 'latin1');
  for (const [name, bytes] of Object.entries({
    'the protocol before 4.1': packetsFrom(1, old),
    'TLS that was not offered': Buffer.concat([packetsFrom(1, sslRequest), tls]),
    'too short': packetsFrom(1, Buffer.from([1, 2, 3])),
    empty: packetsFrom(1, Buffer.alloc(0)),
  })) {
    const turns = [fromServer(packetsFrom(0, greetingPayload())), fromClient(bytes),
      fromServer(Buffer.from('anything'))];
    const outcome = everySplit(t, turns);
    t.match(eventsOf(outcome, 'unparsed'), [{ direction: 'client', phase: 'response', awaited: 'response' }],
      name);
    t.ok(outcome.toServer.equals(bytes), name);
    t.equal(outcome.toClient.subarray(-8).toString(), 'anything', name);
  }
});

await t.test('stops following an answer to the greeting that is announced too long', async (t) => {
  const header = Buffer.from([0xff, 0xff, 0xff, 1]);
  const outcome = everySplit(t, [fromServer(packetsFrom(0, greetingPayload())),
    fromClient(header, Buffer.alloc(100, 1))]);
  t.match(eventsOf(outcome, 'unparsed'),
    [{ direction: 'client', reason: 'an answer to the greeting that is too long' }]);
  t.equal(outcome.toServer.length, 104);
});

await t.test('keeps what a client sends before the greeting until the greeting is there', async (t) => {
  const early = packetsFrom(1, responsePayload({ capabilities: BASE_CAPABILITIES }));
  const waiting = everySplit(t, [fromClient(early)]);
  t.equal(waiting.toServer.length, 0);
  t.equal(waiting.undecidedFromClient, early.length);
  const outcome = everySplit(t, [fromClient(early), fromServer(packetsFrom(0, greetingPayload())),
    fromServer(packetsFrom(2, ok()))]);
  t.equal(outcome.toServer.length, early.length);
  t.equal(eventsOf(outcome, 'ready').length, 1);
});

await t.test('follows an authentication with any number of rounds, also with empty packets', async (t) => {
  const start = login('eof').slice(0, 2);
  const rounds: Turn[] = [
    fromServer(packetsFrom(2, Buffer.from('\xfeparsec\0nonce', 'latin1'))),
      fromClient(packetsFrom(3, Buffer.alloc(0))),
    fromServer(packetsFrom(4, Buffer.from('P\0salt'))), fromClient(packetsFrom(5, Buffer.alloc(96, 0))),
    fromServer(packetsFrom(6, Buffer.from('\x02second\0factor'))),
      fromClient(packetsFrom(7, Buffer.from('\x03SELECT'))),
    fromServer(packetsFrom(8, Buffer.from('\x01\x04'))),
      fromClient(packetsFrom(9, Buffer.from([0xff, 0xff]))),
  ];
  const turns = [...start, ...rounds, fromServer(packetsFrom(10, ok())), ask(query('SELECT 1')),
    answer(...resultSet('eof', []))];
  const outcome = everySplit(t, turns);
  t.equal(eventsOf(outcome, 'ready').length, 1);
  t.equal(eventsOf(outcome, 'usageEnded').length, 1);
  t.equal(outcome.toServer.length, allFrom('client', turns).length);

  const refused = everySplit(t, [...start, ...rounds, fromServer(packetsFrom(10, err(1045)))]);
  t.equal(refused.conversation.phase, 'refused');
  t.same(eventsOf(refused, 'ready'), []);
});

await t.test('relays the error of a server that gives up waiting for the answer', async (t) => {
  const greeting = fromServer(packetsFrom(0, greetingPayload()));
  const turns = [greeting, fromServer(packetsFrom(1, err(1159)))];
  const outcome = everySplit(t, turns);
  t.equal(outcome.conversation.phase, 'refused');
  t.equal(outcome.toClient.length, allFrom('server', turns).length);
});

await t.test('follows the authentication of a user change, which takes effect when it succeeds', async (t) => {
  const pairs = encodeLenencString(Buffer.concat(['program_name', 'worker'].map((text) =>
    encodeLenencString(text))));
  const change = command(Command.CHANGE_USER, 'other\0', Buffer.from([3]), 'abc', 'attic\0', '\x2d\0',
    'some_plugin\0', pairs);
  const asked: Turn[] = [
    ...login('eof', { capabilities: Capability.CONNECT_ATTRS }), ask(change),
    answer(Buffer.from('\xfeanother_plugin\0nonce', 'latin1')),
      fromClient(packetsFrom(2, Buffer.from('\x03proof'))),
    fromServer(packetsFrom(3, Buffer.from('\x01more'))), fromClient(packetsFrom(4, Buffer.alloc(0))),
  ];
  const changed = everySplit(t, [...asked, fromServer(packetsFrom(5, ok())), ask(query('SELECT 1')),
    answer(ok())]);
  t.match(eventsOf(changed, 'identified')[1], { user: 'other', schema: 'attic',
    attributes: { program_name: 'worker' } });
  t.equal(changed.conversation.schema, 'attic');
  t.same(eventsOf(changed, 'unparsed'), []);

  const refused = everySplit(t, [...asked, fromServer(packetsFrom(5, err(1045))), ask(query('SELECT 1')),
    answer(ok())]);
  t.equal(eventsOf(refused, 'identified').length, 1);
  t.equal(refused.conversation.schema, 'shop');
  t.equal(refused.conversation.identity?.user, 'app');
});
