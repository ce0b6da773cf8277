import t from 'tap';
import {
  type ClientEnds, encodeProxyHeader, type ProxyHeader, readProxyHeader,
} from '../../src/protocol/proxyHeader.js';

const V4: ClientEnds = {
  source: { host: '192.0.2.1', port: 56324 }, destination: { host: '198.51.100.7', port: 3306 },
};
const V6: ClientEnds = { source: { host: '2001:db8::1', port: 1 }, destination: { host: '::1', port: 65535 } };

const SIGNATURE = '0d0a0d0a000d0a515549540a';
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

/** Headers as in the specification, or as HAProxy sends them. */
const HEADERS: Record<string, { bytes: Buffer; ends: ClientEnds | null }> = {
  'version 1, IPv4': { bytes: Buffer.from('PROXY TCP4 192.0.2.1 198.51.100.7 56324 3306\r\n'), ends: V4 },
  'version 1, IPv6': { bytes: Buffer.from('PROXY TCP6 2001:db8::1 ::1 1 65535\r\n'), ends: V6 },
  'version 1, unknown': { bytes: Buffer.from('PROXY UNKNOWN\r\n'), ends: null },
  'version 1, the longest there is': {
    bytes: Buffer.from(`PROXY UNKNOWN ${'ffff:'.repeat(7)}ffff ${'ffff:'.repeat(7)}ffff 65535 65535\r\n`), ends: null,
  },
  'version 2, IPv4': { bytes: hex(`${SIGNATURE} 21 11 000c c0000201 c6336407 dc04 0cea`), ends: V4 },
  'version 2, IPv6': {
    bytes: hex(`${SIGNATURE} 21 21 0024 20010db8000000000000000000000001 00000000000000000000000000000001 0001 ffff`),
    ends: V6,
  },
  'version 2, IPv4 with TLVs': {
    bytes: hex(`${SIGNATURE} 21 11 0013 c0000201 c6336407 dc04 0cea 04000474657374`), ends: V4,
  },
  'version 2, local': { bytes: hex(`${SIGNATURE} 20 00 0000`), ends: null },
  'version 2, local with addresses': { bytes: hex(`${SIGNATURE} 20 11 000c c0000201 c6336407 dc04 0cea`), ends: null },
  'version 2, Unix': { bytes: Buffer.concat([hex(`${SIGNATURE} 21 31 00d8`), Buffer.alloc(216, 'a')]), ends: null },
};

/** Reads a header in two parts. It has to be complete exactly with its last byte. */
function readSplit(bytes: Buffer, at: number): ProxyHeader | null {
  const early = readProxyHeader(bytes.subarray(0, at));
  return early ?? readProxyHeader(bytes);
}

for (const [name, { bytes, ends }] of Object.entries(HEADERS)) {
  t.test(`${name}: reads the header at any split, and no byte after it`, (t) => {
    const behind = Buffer.concat([bytes, Buffer.from('behind')]);
    t.strictSame(readProxyHeader(behind), { ends, byteCount: bytes.length });
    const fronts = Array.from(bytes, (_, at) => readProxyHeader(bytes.subarray(0, at)));
    t.strictSame(fronts, Array(bytes.length).fill(null), 'needs all its bytes');
    const found = Array.from(bytes, (_, at) => readSplit(bytes, at));
    t.strictSame(found, Array(bytes.length).fill({ ends, byteCount: bytes.length }));
    t.end();
  });
}

t.test('reads back a header that it wrote', (t) => {
  for (const version of ['v1', 'v2'] as const) {
    for (const ends of [V4, V6, null]) {
      const bytes = encodeProxyHeader(version, ends);
      t.strictSame(readProxyHeader(bytes), { ends, byteCount: bytes.length }, version);
    }
  }
  t.strictSame(encodeProxyHeader('v1', V4), HEADERS['version 1, IPv4']!.bytes);
  t.strictSame(encodeProxyHeader('v2', V6), HEADERS['version 2, IPv6']!.bytes);
  t.end();
});

t.test('writes both addresses as IPv6 when only one is IPv4, and reads them back as they were', (t) => {
  const mixed: ClientEnds = { source: V4.source, destination: V6.destination };
  for (const version of ['v1', 'v2'] as const) {
    const bytes = encodeProxyHeader(version, mixed);
    t.strictSame(readProxyHeader(bytes), { ends: mixed, byteCount: bytes.length }, version);
  }
  t.match(encodeProxyHeader('v1', mixed).toString(), /^PROXY TCP6 ::ffff:192\.0\.2\.1 ::1 /);
  t.end();
});

t.test('refuses a header at its first wrong byte', (t) => {
  const wrong: Record<string, Buffer> = {
    'a MySQL packet': hex('20000001 8da60f00'),
    'a lower-case word': Buffer.from('proxy TCP4'),
    'a line that does not end': Buffer.from(`PROXY TCP4 ${'1'.repeat(100)}`),
    'an address of the other family': Buffer.from('PROXY TCP4 ::1 ::1 1 2\r\n'),
    'an address with a zone': Buffer.from('PROXY TCP6 fe80::1%a ::1 1 2\r\n'),
    'a host name': Buffer.from('PROXY TCP4 localhost 127.0.0.1 1 2\r\n'),
    'a port that is none': Buffer.from('PROXY TCP4 127.0.0.1 127.0.0.1 65536 2\r\n'),
    'a port with a sign': Buffer.from('PROXY TCP4 127.0.0.1 127.0.0.1 +1 2\r\n'),
    'two spaces': Buffer.from('PROXY TCP4  127.0.0.1 127.0.0.1 1 2\r\n'),
    'a field too few': Buffer.from('PROXY TCP4 127.0.0.1 127.0.0.1 1\r\n'),
    'a family that is none': Buffer.from('PROXY UDP4 127.0.0.1 127.0.0.1 1 2\r\n'),
    'version 3': hex(`${SIGNATURE} 31 11 000c c0000201 c6336407 dc04 0cea`),
    'another command': hex(`${SIGNATURE} 22 11 000c c0000201 c6336407 dc04 0cea`),
    'a length without room for the addresses': hex(`${SIGNATURE} 21 11 000b c0000201 c6336407 dc04 0c`),
    'a length beyond all bounds, before it has come': hex(`${SIGNATURE} 21 11 ffff`),
  };
  for (const [name, bytes] of Object.entries(wrong)) {
    t.throws(() => readProxyHeader(bytes), { name: 'ProxyHeaderError' }, name);
  }
  t.end();
});
