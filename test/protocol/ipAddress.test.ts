import t from 'tap';
import { formatIp, ipBytes, ipv6Bytes, plainIp, withoutZone } from '../../src/protocol/ipAddress.js';

/** Addresses in the forms of a socket, how Sluice writes them, and their bytes. */
const ADDRESSES: Record<string, { plain: string; hex: string }> = {
  '10.1.2.3': { plain: '10.1.2.3', hex: '0a010203' },
  '::1': { plain: '::1', hex: '00000000000000000000000000000001' },
  'fe80::1:0:2': { plain: 'fe80::1:0:2', hex: 'fe800000000000000000000100000002' },
  'fe80::1%eth0': { plain: 'fe80::1', hex: 'fe800000000000000000000000000001' },
  'fe80::fc:ff:fe00:1%v0': { plain: 'fe80::fc:ff:fe00:1', hex: 'fe8000000000000000fc00fffe000001' },
  '::ffff:10.0.0.1': { plain: '10.0.0.1', hex: '00000000000000000000ffff0a000001' },
  '::ffff:10.0.0.1%v0': { plain: '10.0.0.1', hex: '00000000000000000000ffff0a000001' },
};

for (const [shown, { plain, hex }] of Object.entries(ADDRESSES)) {
  t.test(`writes ${shown} as ${plain}, and gives its bytes on the wire`, (t) => {
    t.equal(plainIp(shown), plain);
    t.equal(ipBytes(shown).toString('hex'), hex);
    t.equal(plainIp(formatIp(ipBytes(shown))), plain);
    t.equal(ipv6Bytes(shown).length, 16);
    t.end();
  });
}

t.test('leaves text that is no address unchanged, and throws when asked for its bytes', (t) => {
  for (const text of ['', 'unix', 'localhost', '10.0.0.1%v0', '%', '1.2.3', '::ffff:', 'fe80::1%']) {
    t.equal(withoutZone(text), text);
    t.equal(plainIp(text), text);
    t.throws(() => ipBytes(text), { name: 'RangeError', message: /^expected an IP address, got "/ });
  }
  t.end();
});
