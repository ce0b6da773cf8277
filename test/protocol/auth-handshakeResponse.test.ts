import t from 'tap';
import { Capability } from '../../src/protocol/capabilities.js';
import { decodeHandshakeResponse, encodeHandshakeResponse, encodeSslRequest } from '../../src/protocol/handshakeResponse.js';

const BASE = Capability.LONG_PASSWORD | Capability.PROTOCOL_41 | Capability.SECURE_CONNECTION | Capability.PLUGIN_AUTH;
const login = {
  maxPacketBytes: 1 << 20, collation: 45, user: 'zoë', authPlugin: 'mysql_native_password',
  attributes: new Map([['program_name', 'sluice'], ['long', 'x'.repeat(300)]]),
};

t.test('a HandshakeResponse that is written is read back, with and without optional parts', async (t) => {
  for (const optional of [0n, Capability.CONNECT_ATTRS, Capability.PLUGIN_AUTH_LENENC_CLIENT_DATA, Capability.CONNECT_ATTRS |
    Capability.PLUGIN_AUTH_LENENC_CLIENT_DATA]) {
    const capabilities = BASE | optional;
    const payload = encodeHandshakeResponse({ ...login, capabilities, authResponse: Buffer.from('12345678901234567890') });
    const attributes = optional & Capability.CONNECT_ATTRS ? login.attributes : new Map();
    t.same(decodeHandshakeResponse(payload), { capabilities, collation: 45, user: 'zoë', schema: '', attributes });
  }
});

t.test('an answer that the server could not read back is refused', async (t) => {
  const authResponse = Buffer.alloc(256);
  t.throws(() => encodeHandshakeResponse({ ...login, capabilities: BASE, authResponse }), RangeError);
});

t.test('an SSLRequest has 32 bytes', async (t) => {
  const payload = encodeSslRequest({ ...login, capabilities: BASE | Capability.SSL });
  t.equal(payload.toString('hex'), `018a0800${'00001000'}2d${'00'.repeat(23)}`);
});
