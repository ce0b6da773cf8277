import t from 'tap';
import { Capability } from '../../src/protocol/capabilities.js';
import {
  decodeHandshakeResponse, encodeHandshakeResponse, encodeSslRequest,
} from '../../src/protocol/handshakeResponse.js';

const { CONNECT_ATTRS, LONG_PASSWORD, PLUGIN_AUTH, PROTOCOL_41, SECURE_CONNECTION, SSL } = Capability;
const LENENC = Capability.PLUGIN_AUTH_LENENC_CLIENT_DATA;
const BASE = LONG_PASSWORD | PROTOCOL_41 | SECURE_CONNECTION | PLUGIN_AUTH;
const login = {
  maxPacketBytes: 1 << 20, collation: 45, user: 'zoë', authPlugin: 'mysql_native_password',
  attributes: new Map([['program_name', 'sluice'], ['long', 'x'.repeat(300)]]),
};

t.test('reads back a HandshakeResponse that it wrote, with and without optional parts', async (t) => {
  for (const optional of [0n, CONNECT_ATTRS, LENENC, CONNECT_ATTRS | LENENC]) {
    const capabilities = BASE | optional;
    const authResponse = Buffer.from('12345678901234567890');
    const attributes = optional & CONNECT_ATTRS ? login.attributes : new Map();
    t.same(decodeHandshakeResponse(encodeHandshakeResponse({ ...login, capabilities, authResponse })),
      { capabilities, collation: 45, user: 'zoë', schema: '', attributes });
  }
});

t.test('refuses to write an answer that the server could not read', async (t) => {
  const authResponse = Buffer.alloc(256);
  t.throws(() => encodeHandshakeResponse({ ...login, capabilities: BASE, authResponse }), RangeError);
});

t.test('an SSLRequest has 32 bytes', async (t) => {
  const payload = encodeSslRequest({ ...login, capabilities: BASE | SSL });
  t.equal(payload.toString('hex'), `018a0800${'00001000'}2d${'00'.repeat(23)}`);
});
