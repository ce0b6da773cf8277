import t from 'tap';
import { Capability, KNOWN_CAPABILITIES } from '../../src/protocol/capabilities.js';
import {
  clearResponseCapabilities, decodeChangeUser, decodeHandshakeResponse, encodeHandshakeResponse, encodeSslRequest,
  responseCapabilities,
} from '../../src/protocol/handshakeResponse.js';
import { encodeLenencString } from '../../src/protocol/lenenc.js';
import { fixtureNames, loadFixture } from '../support/recorder.js';
import { BASE_CAPABILITIES, responsePayload } from '../support/wirePackets.js';

const recorded = (name: string): Buffer => {
  const { bytes } = loadFixture(name)[1]!;
  return bytes.subarray(4, 4 + bytes.readUIntLE(0, 3));
};

await t.test('reads an answer in every form that capabilities give it', async (t) => {
  const attributes = new Map([['program_name', 'x'.repeat(300)], ['b', '']]);
  const optional = [
    Capability.PLUGIN_AUTH, Capability.CONNECT_WITH_DB, Capability.CONNECT_ATTRS,
      Capability.SECURE_CONNECTION,
    Capability.PLUGIN_AUTH_LENENC_CLIENT_DATA, Capability.ZSTD_COMPRESSION_ALGORITHM,
  ];
  for (let form = 0; form < 2 ** optional.length; form += 1) {
    const capabilities = optional.reduce((all, bit, i) => (form & (1 << i) ? all | bit : all),
      Capability.PROTOCOL_41);
    t.match(decodeHandshakeResponse(responsePayload({ capabilities, user: 'app', schema: 'shop',
      attributes })), {
      capabilities, user: 'app', collation: 45,
      schema: capabilities & Capability.CONNECT_WITH_DB ? 'shop' : '',
      attributes: capabilities & Capability.CONNECT_ATTRS ? attributes : new Map(),
    }, `form ${form}`);
  }
});

await t.test('bounds the names and attributes that it keeps', async (t) => {
  const many = Array.from({ length: 300 }, (_, n): [string, string] => [`${n}`.padEnd(1000, 'n'), 'v'.repeat(1000)]);
  const attributes = new Map([['program_name', `${'x'.repeat(510)}🐬`], ...many]);
  const capabilities = BASE_CAPABILITIES | Capability.CONNECT_ATTRS;
  const long = { user: 'u'.repeat(60_000), schema: '大'.repeat(20_000), attributes };
  const read = decodeHandshakeResponse(responsePayload({ capabilities, ...long }));
  t.equal(read?.user, 'u'.repeat(512));
  t.equal(read?.schema, '大'.repeat(170), 'a character is there as a whole, or not');
  t.equal(read?.attributes.get('program_name'), 'x'.repeat(510));
  const kept = [...read?.attributes ?? []].flat();
  t.ok(kept.every((text) => Buffer.byteLength(text) <= 512));
  t.ok(Buffer.byteLength(kept.join('')) <= 16_384 && kept.length > 40);
});

await t.test('reads at most 256 attributes, also when their names repeat', (t) => {
  const pairs = Array.from({ length: 300 }, (_, n) => ['a', String(n)]).flat();
  const attributes = Buffer.concat(pairs.map((text) => encodeLenencString(Buffer.from(text))));
  const without = responsePayload({ capabilities: BASE_CAPABILITIES | Capability.CONNECT_ATTRS }).subarray(0, -1);
  const read = decodeHandshakeResponse(Buffer.concat([without, encodeLenencString(attributes)]));
  t.same([...read?.attributes ?? []], [['a', '255']]);
  t.end();
});

await t.test('removes quotes around the user of a login, as servers do', async (t) => {
  const users = {
    "'app'": 'app', "'app": "'app", "app'": "app'", '"app"': '"app"', "'": "'", "''": '', "''app''": "'app'",
  };
  for (const [sent, taken] of Object.entries(users)) {
    t.equal(
      decodeHandshakeResponse(responsePayload({ capabilities: BASE_CAPABILITIES, user: sent }))?.user, taken, sent,
    );
  }
  const change = Buffer.from("\x11'app'\0\0shop\0\x2d\0", 'latin1');
  t.equal(decodeChangeUser(change, Capability.SECURE_CONNECTION).user, "'app'");
});

await t.test('reads user, schema and program from answers of real clients', async (t) => {
  for (const name of ['mariadb', 'mysql'].flatMap(fixtureNames).filter((name) => name.includes('/client-'))) {
    t.match(decodeHandshakeResponse(recorded(name)), { user: 'app', schema: 'shop' }, name);
  }
  const program = (name: string): string | undefined =>
    decodeHandshakeResponse(recorded(name))?.attributes.get('program_name');
  t.equal(program('mysql/client-mysql'), 'mysql');
  t.equal(program('mariadb/mariadb-admin'), 'mysqladmin', 'MariaDB\'s tools keep the old names');
});

await t.test("reads MariaDB's capabilities only from clients that do not claim to be MySQL's", async (t) => {
  const mariadb = Capability.PROTOCOL_41 | Capability.MARIADB_PROGRESS | Capability.MARIADB_CACHE_METADATA;
  t.equal(responseCapabilities(responsePayload({ capabilities: mariadb })), mariadb);
  const mysql = responsePayload({ capabilities: BASE_CAPABILITIES });
  mysql.writeUInt32LE(0xffff_ffff, 28);
  t.equal(responseCapabilities(mysql), BASE_CAPABILITIES, 'filler means nothing');
});

await t.test('clears capabilities in place, and changes nothing else', async (t) => {
  const everything = (1n << 64n) - 1n & ~Capability.LONG_PASSWORD & ~Capability.SSL;
  for (const capabilities of [everything, everything & 0xffff_ffffn | Capability.LONG_PASSWORD]) {
    const original = responsePayload({ capabilities });
    const cleared = Buffer.from(original);
    clearResponseCapabilities(cleared, ~KNOWN_CAPABILITIES & ((1n << 64n) - 1n));
    t.equal(responseCapabilities(cleared), capabilities & KNOWN_CAPABILITIES);
    const changed = [...original.keys()].filter((at) => original[at] !== cleared[at]);
    t.ok(changed.length > 0 && changed.every((at) => at < 4 || (at >= 28 && at < 32)));
  }
});

await t.test('gives null for the protocol before 4.1 and for a request for TLS', async (t) => {
  for (const capabilities of [BASE_CAPABILITIES & ~Capability.PROTOCOL_41, BASE_CAPABILITIES
    | Capability.SSL]) {
    t.equal(decodeHandshakeResponse(responsePayload({ capabilities })), null);
  }
  t.equal(responseCapabilities(Buffer.from([1, 2, 3])), null);
});

await t.test('reads an answer that is cut off anywhere as far as it goes, or not at all', async (t) => {
  const capabilities = BASE_CAPABILITIES | Capability.CONNECT_ATTRS;
  for (const payload of [
    responsePayload({ capabilities, attributes: new Map([['a', 'b']]) }), recorded('mysql/client-mysql'),
    recorded('mariadb/client-java-connector-j'), recorded('mysql/client-php-mysqli'),
  ]) {
    const users = Array.from({ length: payload.length + 1 }, (_, length) => {
      const front = Buffer.from(payload.subarray(0, length));
      const user = decodeHandshakeResponse(front)?.user;
      if (length >= 4) clearResponseCapabilities(front, KNOWN_CAPABILITIES);
      return user;
    });
    t.strictSame(users.slice(0, 32), Array(32).fill(undefined));
    t.strictSame(users.filter((user) => user !== undefined && !'app'.startsWith(user)), []);
  }
});

await t.test('reads user, schema, collation and attributes of a COM_CHANGE_USER as far as it goes', async (t) => {
  const attributes = Buffer.from('\x04\x01a\x01b');
  const payload = Buffer.concat([
    Buffer.from('\x11other\0'), Buffer.from([3]), Buffer.from('abc'), Buffer.from('attic\0'),
    Buffer.from([45, 0]), Buffer.from('plugin\0'), attributes,
  ]);
  const capabilities = BASE_CAPABILITIES | Capability.CONNECT_ATTRS;
  t.same(decodeChangeUser(payload, capabilities), {
    user: 'other', schema: 'attic', collation: 45, attributes: new Map([['a', 'b']]),
  });
  for (let length = 0; length < payload.length; length += 1) {
    const { user, schema, attributes: read } = decodeChangeUser(payload.subarray(0, length), capabilities);
    t.ok('other'.startsWith(user) && 'attic'.startsWith(schema) && read.size === 0, `${length} bytes`);
  }
});

const { CONNECT_ATTRS, LONG_PASSWORD, PLUGIN_AUTH, PROTOCOL_41, SECURE_CONNECTION, SSL } = Capability;
const LENENC = Capability.PLUGIN_AUTH_LENENC_CLIENT_DATA;
const WRITTEN = LONG_PASSWORD | PROTOCOL_41 | SECURE_CONNECTION | PLUGIN_AUTH;
/** The answer that Sluice itself gives to a greeting. */
const login = {
  maxPacketBytes: 1 << 20, collation: 45, user: 'zoë', authPlugin: 'mysql_native_password',
  attributes: new Map([['program_name', 'sluice'], ['long', 'x'.repeat(300)]]),
};

await t.test('reads back a HandshakeResponse that it wrote, with and without optional parts', async (t) => {
  for (const optional of [0n, CONNECT_ATTRS, LENENC, CONNECT_ATTRS | LENENC]) {
    const capabilities = WRITTEN | optional;
    const authResponse = Buffer.from('12345678901234567890');
    const attributes = optional & CONNECT_ATTRS ? login.attributes : new Map();
    t.same(decodeHandshakeResponse(encodeHandshakeResponse({ ...login, capabilities, authResponse })),
      { capabilities, collation: 45, user: 'zoë', schema: '', attributes });
  }
});

await t.test('refuses to write an answer that the server could not read', async (t) => {
  const authResponse = Buffer.alloc(256);
  t.throws(() => encodeHandshakeResponse({ ...login, capabilities: WRITTEN, authResponse }), RangeError);
});

await t.test('an SSLRequest has 32 bytes', async (t) => {
  const payload = encodeSslRequest({ ...login, capabilities: WRITTEN | SSL });
  t.equal(payload.toString('hex'), `018a0800${'00001000'}2d${'00'.repeat(23)}`);
});
