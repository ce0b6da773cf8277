import t from 'tap';
import { compileAddressMatcher } from '../../src/config/network.js';

const matches = (pattern: string, ...addresses: string[]): boolean[] => addresses.map(compileAddressMatcher(pattern));

t.test('an address matches itself in every spelling', (t) => {
  t.strictSame(matches('10.1.2.3', '10.1.2.3', '10.1.2.4', '::1'), [true, false, false]);
  t.strictSame(matches('::1', '::1', '0:0:0:0:0:0:0:1', '::2', '0.0.0.1'), [true, true, false, false]);
  t.strictSame(matches('FD00::A', 'fd00::a', 'fd00:0::000a'), [true, true]);
  t.end();
});

t.test('a network matches the addresses in it', (t) => {
  t.strictSame(matches('10.0.0.0/8', '10.0.0.0', '10.255.255.255', '11.0.0.0', '::a00:1'), [true, true, false, false]);
  t.strictSame(matches('10.1.2.3/8', '10.9.9.9'), [true], 'bits after the prefix do not count');
  t.strictSame(matches('192.168.1.128/25', '192.168.1.127', '192.168.1.128'), [false, true]);
  t.strictSame(matches('0.0.0.0/0', '1.2.3.4', '::1'), [true, false], 'all of IPv4 and nothing of IPv6');
  t.strictSame(matches('fd00::/8', 'fd12::1', 'fe80::1'), [true, false]);
  t.strictSame(matches('::/0', '::1', '1.2.3.4'), [true, false]);
  t.strictSame(matches('10.1.2.3/32', '10.1.2.3', '10.1.2.2'), [true, false]);
  t.end();
});

t.test('matches an IPv4-mapped IPv6 address as the IPv4 address', (t) => {
  t.strictSame(matches('10.0.0.0/8', '::ffff:10.1.2.3', '::ffff:a01:203', '::ffff:11.0.0.0'), [true, true, false]);
  t.strictSame(matches('::ffff:10.1.2.3', '10.1.2.3', '::ffff:10.1.2.3'), [true, true]);
  t.strictSame(matches('::ffff:10.0.0.0/104', '10.1.2.3', '11.1.2.3'), [true, false]);
  t.strictSame(matches('::/0', '::ffff:10.1.2.3'), [false]);
  t.end();
});

t.test('ignores the zone of a link-local address', (t) => {
  t.strictSame(matches('fe80::/10', 'fe80::1%eth0'), [true]);
  t.end();
});

t.test('matches nothing that is no IP address', (t) => {
  for (const text of ['', 'localhost', '/run/mysqld.sock', '1.2.3', '1.2.3.4.5']) {
    t.strictSame(matches('0.0.0.0/0', text), [false], text);
  }
  t.end();
});

t.test('refuses a bad pattern, and says what was expected', (t) => {
  for (const pattern of ['', 'localhost', '10.0.0', '10.0.0.256', '10.0.0.0/8/8', '/8', '10.0.0.*', ':::1']) {
    const message = `expected an IP address or a network such as 10.0.0.0/8 or fd00::/8, got "${pattern}"`;
    t.throws(() => compileAddressMatcher(pattern), { message }, pattern);
  }
  t.throws(() => compileAddressMatcher('10.0.0.0/33'), { message: /from 0 to 32 after.*"10\.0\.0\.0\/33"/ });
  t.throws(() => compileAddressMatcher('fd00::/129'), { message: /from 0 to 128/ });
  t.throws(() => compileAddressMatcher('::ffff:10.0.0.0/8'), { message: /from 96 to 128/ });
  for (const bits of ['', '-1', 'x', '8.0', '+8', ' 8', '1e1']) {
    t.throws(() => compileAddressMatcher(`10.0.0.0/${bits}`), { message: /expected a prefix length/ }, bits);
  }
  t.end();
});
