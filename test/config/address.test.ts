import t from 'tap';
import { formatAddress, parseAddress } from '../../src/config/address.js';

t.test('reads host names, IPv4 and bracketed IPv6 addresses, with and without a port', (t) => {
  t.same(parseAddress('db.example.com:3310', 3306, 1), { host: 'db.example.com', port: 3310 });
  t.same(parseAddress('db', 3306, 1), { host: 'db', port: 3306 });
  t.same(parseAddress('my_db.internal.', 3306, 1), { host: 'my_db.internal.', port: 3306 });
  t.same(parseAddress('10.0.0.1:1', 3306, 1), { host: '10.0.0.1', port: 1 });
  t.same(parseAddress('[::1]:3307', 3306, 1), { host: '::1', port: 3307 });
  t.same(parseAddress('[fe80::1%eth0]', 3306, 1), { host: 'fe80::1%eth0', port: 3306 });
  t.end();
});

t.test('takes port 0 only for an address that may use any free port', (t) => {
  t.same(parseAddress('127.0.0.1:0', 3307, 0), { host: '127.0.0.1', port: 0 });
  t.equal(parseAddress('127.0.0.1:0', 3306, 1), undefined);
  t.end();
});

t.test('refuses an ambiguous or malformed address', (t) => {
  const wrong = [
    '', ':3306', 'db:', 'db:65536', 'db:123456', 'db:-1', 'db:3306x', 'db:3306:1', 'db\n:1',
    '::1', '::1:3307', '[::1', '[db]:1', '[]', '3307', '10.1', '256.0.0.1',
    'mysql://db', 'db/x', 'd b', 'user@db', '*', '-db', 'a..b', `${'a'.repeat(64)}.b`, 'a.'.repeat(200),
  ];
  for (const text of wrong) t.equal(parseAddress(text, 3306, 1), undefined, JSON.stringify(text));
  t.end();
});

t.test('writes an address in the form that it reads', (t) => {
  for (const text of ['db.example.com:3310', '10.0.0.1:1', '[::1]:3307', '[fe80::1%eth0]:3306']) {
    const address = parseAddress(text, 3306, 1);
    t.equal(address && formatAddress(address), text);
  }
  t.end();
});
