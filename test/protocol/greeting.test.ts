import t from 'tap';
import { Capability, KNOWN_CAPABILITIES } from '../../src/protocol/capabilities.js';
import { clearGreetingCapabilities, decodeGreeting } from '../../src/protocol/greeting.js';
import { loadFixture } from '../support/recorder.js';
import { greetingPayload, MARIADB_OFFER, MYSQL_OFFER, SCRAMBLE } from '../support/wirePackets.js';

const recorded = (name: string): Buffer => {
  const { bytes } = loadFixture(name)[0]!;
  return bytes.subarray(4, 4 + bytes.readUIntLE(0, 3));
};

await t.test('reads version, connection, capabilities and plugin of a MySQL greeting', async (t) => {
  t.match(decodeGreeting(greetingPayload({ version: '8.0.36', connectionId: 0xfffffffe })), {
    serverVersion: '8.0.36', connectionId: 0xfffffffe, capabilities: MYSQL_OFFER, isMariadb: false,
    authPlugin: 'mysql_native_password', scramble: SCRAMBLE,
  });
  t.match(decodeGreeting(recorded('mysql/client-mysql')), {
    serverVersion: /^9\.7\./, isMariadb: false, authPlugin: 'caching_sha2_password',
  });
});

await t.test('reads capabilities beyond 32 bits from a MariaDB greeting', async (t) => {
  const greeting = decodeGreeting(greetingPayload({ version: '5.5.5-10.11.6-MariaDB',
    capabilities: MARIADB_OFFER }));
  t.match(greeting, { capabilities: MARIADB_OFFER, isMariadb: true });
  const real = decodeGreeting(recorded('mariadb/client-mariadb'));
  t.match(real, { serverVersion: /MariaDB/, isMariadb: true, authPlugin: 'mysql_native_password' });
  t.ok(real!.capabilities & Capability.MARIADB_STMT_BULK_OPERATIONS);
  t.equal(real!.scramble.length, 20);
});

await t.test('does not read the filler of a MySQL greeting as capabilities', async (t) => {
  const payload = greetingPayload();
  payload.writeUInt32LE(0xffff_ffff, payload.indexOf(0) + 1 + 27);
  t.equal(decodeGreeting(payload)?.capabilities, MYSQL_OFFER);
});

await t.test('reads a plugin name without its NUL', async (t) => {
  t.equal(decodeGreeting(greetingPayload().subarray(0, -1))?.authPlugin, 'mysql_native_password');
});

await t.test('clears capabilities in place, and changes nothing else', async (t) => {
  for (const [name, capabilities] of [['mysql', MYSQL_OFFER], ['mariadb', MARIADB_OFFER]] as const) {
    const original = greetingPayload({ capabilities });
    const none = Buffer.from(original);
    clearGreetingCapabilities(none, 0n);
    t.same(none, original, name);
    const cleared = Buffer.from(original);
    clearGreetingCapabilities(cleared, ~KNOWN_CAPABILITIES & ((1n << 64n) - 1n));
    t.equal(decodeGreeting(cleared)?.capabilities, capabilities & KNOWN_CAPABILITIES, name);
    const changed = [...original.keys()].filter((at) => original[at] !== cleared[at]).map((at) =>
      at - original.indexOf(0) - 1);
    t.ok(changed.every((at) => (at >= 13 && at < 15) || (at >= 18 && at < 20) || (at >= 27 && at < 31)),
      name);
  }
});

await t.test('gives null for a packet that is no greeting, and reads a greeting cut off anywhere', async (t) => {
  t.equal(decodeGreeting(Buffer.from('\x095.0\0')), null);
  t.equal(decodeGreeting(Buffer.from('\x0awithout a NUL')), null);
  for (const payload of [greetingPayload(), recorded('mariadb/client-mariadb'),
    recorded('mysql/client-mysql')]) {
    const greetings = Array.from(payload, (_, length) => {
      const front = Buffer.from(payload.subarray(0, length));
      const greeting = decodeGreeting(front);
      clearGreetingCapabilities(front, KNOWN_CAPABILITIES);
      return greeting;
    });
    const leastBytes = payload.indexOf(0) + 1 + 31;
    t.strictSame(greetings.slice(0, leastBytes), Array(leastBytes).fill(null));
    t.ok(greetings.slice(leastBytes).every((greeting) => typeof greeting?.authPlugin === 'string'));
  }
});
