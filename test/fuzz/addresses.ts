import { isIP } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import { formatPlace, hostOf, isHost, parsePlace } from '../../src/config/address.js';
import { compileAddressMatcher } from '../../src/config/network.js';
import { formatIp, ipBytes, plainIp } from '../../src/protocol/ipAddress.js';
import {
  type ClientEnds, encodeProxyHeader, type ProxyHeader, ProxyHeaderError, readProxyHeader,
} from '../../src/protocol/proxyHeader.js';
import { clientAddressOf } from '../../src/relay/connection/clientAddress.js';
import type { Random } from '../support/random.js';
import { hostileName } from './hostileText.js';

// Feeds addresses, host names and PROXY headers to their readers: each is either read correctly or refused.

const ADDRESSES = [
  '127.0.0.1', '10.1.2.3', '::1', '::', 'fe80::1', 'fe80::fc:ff:fe00:1%v0', 'fe80::1%a', '::ffff:10.0.0.1',
  '::ffff:a00:1%lo', '2001:db8::1:0:0:1', '1:2:3:4:5:6:7:8', '255.255.255.255',
  'ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255',
];
const HOSTS = [
  'localhost', 'db.example.com', 'db_1.internal.', '/run/mysqld.sock', 'xn--d-0ga.example', '[::1]', 'unix',
];
const PIECES = [
  '%', '%eth0', ':', '::', '.', '/', '/8', '/129', '[', ']', ':3306', ':65536', '0', '00', ' ', '\0', '-', '_', 'g',
  '٣',
];

const piece = (random: Random): string => (random.chance(0.5) ? random.pick(PIECES) : random.pick(ADDRESSES));

/** An address or a host name, often with something wrong in it. */
export const hostileAddress = (random: Random): string => {
  let text = hostileName(random, random.pick(random.chance(0.7) ? ADDRESSES : HOSTS));
  for (let left = random.skewed(4); left > 0; left -= 1) {
    const at = random.below(text.length + 1);
    text = text.slice(0, at) + piece(random) + text.slice(at + random.below(3));
  }
  return text;
};

/** An address in the forms that a socket may show. */
const shownAddress = (random: Random): string => {
  const text = hostileAddress(random);
  return isIP(text) === 0 ? random.pick(ADDRESSES) : text;
};

const endsOf = (random: Random): ClientEnds => {
  const end = (): ClientEnds['source'] =>
    ({ host: formatIp(ipBytes(shownAddress(random))), port: random.below(65_536) });
  return { source: end(), destination: end() };
};

/** A PROXY header, often with something wrong in it. */
export const hostileHeader = (random: Random): Buffer => {
  const [source, destination] = [hostileAddress(random), hostileAddress(random)];
  const line = `PROXY TCP${random.pick(['4', '6'])} ${source} ${destination} ${random.below(70_000)} 1\r\n`;
  const bytes = random.chance(0.5) ? Buffer.from(line) : encodeProxyHeader(random.pick(['v1', 'v2']), endsOf(random));
  for (let left = random.skewed(4); left > 0; left -= 1) bytes[random.below(bytes.length)] = random.below(256);
  return bytes.subarray(0, random.chance(0.2) ? random.below(bytes.length + 1) : bytes.length);
};

const headerIn = (bytes: Buffer): ProxyHeader | null => {
  try {
    return readProxyHeader(bytes);
  } catch (error) {
    if (error instanceof ProxyHeaderError) return null;
    throw error;
  }
};

const wrongEnds = (ends: ClientEnds): string | null => {
  const { source, destination } = ends;
  const odd = [source.host, destination.host].find((host) => isIP(host) === 0);
  if (odd !== undefined) return `a host that is no address: ${odd}`;
  if (hostOf(clientAddressOf(ends).text) !== source.host) return `not told from its port: the address ${source.host}`;
  for (const version of ['v1', 'v2'] as const) {
    const told = headerIn(encodeProxyHeader(version, ends))?.ends;
    const isSame = isDeepStrictEqual(
      [told?.source, told?.destination].map((end) => end && [ipBytes(end.host), end.port]),
      [source, destination].map(({ host, port }) => [ipBytes(host), port]));
    if (!isSame) return `a ${version} header that tells of somebody else: ${JSON.stringify([ends, told])}`;
  }
  return null;
};

const wrongMatch = (pattern: string, address: string): string | null => {
  let matches: (text: string) => boolean;
  try {
    matches = compileAddressMatcher(pattern);
  } catch (error) {
    const isRefused = error instanceof Error && error.message.startsWith('expected ');
    return isRefused ? null : `a pattern fails: ${String(error)}`;
  }
  matches(address);
  return isIP(pattern) === 0 || matches(pattern) ? null : `an address that is not itself: ${pattern}`;
};

const wrongPlace = (text: string): string | null => {
  const place = parsePlace(text, 3306, 0);
  if (place === undefined) return null;
  if ('host' in place && !isHost(place.host)) return `a host that is none: ${place.host}`;
  const again = parsePlace(formatPlace(place), 3306, 0);
  return isDeepStrictEqual(again, place) ? null : `a place that is written as another: ${text}`;
};

/** The mistake in the reading of an address, a pattern or a header; null when it is right. */
export const wrongAddresses = (random: Random): string | null => {
  const [text, other] = [hostileAddress(random), shownAddress(random)];
  const [whole, plain] = [other, plainIp(other)].map((address) => formatIp(ipBytes(address)));
  if (whole !== plain) return `another address: ${other}`;
  const ends = headerIn(hostileHeader(random))?.ends ?? null;
  const wrong = (ends && wrongEnds(ends)) ?? wrongEnds(endsOf(random));
  return wrong ?? wrongMatch(text, other) ?? wrongMatch(other, text) ?? wrongPlace(text);
};
