import { isIP, isIPv4, isIPv6 } from 'node:net';

/** The first 12 bytes of an IPv4-mapped IPv6 address such as ::ffff:10.0.0.1. */
export const IPV4_MAPPED_PREFIX: Buffer = Buffer.from('00000000000000000000ffff', 'hex');

/**
 * The address without its zone. A zone, as in fe80::1%eth0, names an interface of this machine and means nothing
 * elsewhere.
 * @param address an IP address as Node shows it; any other text stays as it is
 */
export function withoutZone(address: string): string {
  const at = address.indexOf('%');
  return at >= 0 && isIPv6(address) ? address.slice(0, at) : address;
}

/**
 * The 4 or 16 bytes of an IP address, in network order.
 * @param address may have a zone, which is not part of its bytes
 * @throws {RangeError} if the text is no IP address
 */
export function ipBytes(address: string): Buffer {
  if (isIP(address) === 0) throw new RangeError(`expected an IP address, got ${JSON.stringify(address)}`);
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  // A URL has one form of each address: hexadecimal groups, with :: for the longest run of zeros.
  const { hostname } = new URL(`tcp://[${withoutZone(address)}]`);
  const [head = '', tail = ''] = hostname.slice(1, -1).split('::').map(groupDigits);
  return Buffer.from(head + '0'.repeat(32 - head.length - tail.length) + tail, 'hex');
}

/** The 16 bytes of an IP address; an IPv4 address becomes an IPv4-mapped one. @throws {RangeError} as `ipBytes` */
export function ipv6Bytes(address: string): Buffer {
  const bytes = ipBytes(address);
  return bytes.length === 4 ? Buffer.concat([IPV4_MAPPED_PREFIX, bytes]) : bytes;
}

/** Groups such as `fe80:1`, each filled up to four digits. */
function groupDigits(groups: string): string {
  return groups === '' ? '' : groups.split(':').map((group) => group.padStart(4, '0')).join('');
}

/** The address in these 4 or 16 bytes, in its usual notation. */
export function formatIp(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(2 * index).toString(16));
  return plainIp(new URL(`tcp://[${groups.join(':')}]`).hostname.slice(1, -1));
}

/**
 * A socket's address in the form that others expect: without its zone, and an IPv4-mapped address (which a socket that
 * listens on :: shows) as plain IPv4. Any other text stays as it is.
 */
export function plainIp(shown: string): string {
  const address = withoutZone(shown);
  if (!address.startsWith('::ffff:') || !isIPv6(address)) return address;
  const bytes = ipBytes(address);
  return bytes.indexOf(IPV4_MAPPED_PREFIX) === 0 ? formatIp(bytes.subarray(IPV4_MAPPED_PREFIX.length)) : address;
}
