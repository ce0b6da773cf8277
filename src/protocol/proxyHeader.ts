// The header of the PROXY protocol. A proxy sends it before anything else and tells from which client its connection
// comes. See "The PROXY protocol, versions 1 & 2" (haproxy.org, doc/proxy-protocol.txt).
//
//     version 1   PROXY TCP4 192.0.2.1 198.51.100.7 56324 3306\r\n     text, 107 bytes at most; TCP6; UNKNOWN
//     version 2   0d 0a 0d 0a 00 0d 0a 51 55 49 54 0a    its signature
//                 21                                     version 2, 0 LOCAL or 1 PROXY
//                 11                                     1 IPv4, 2 IPv6, 3 Unix; 1 stream, 2 datagram
//                 00 0c                                  length of what follows: addresses, ports, then TLVs
//                 c0000201 c6336407 dc04 0cea            source, destination, their ports

import { isIPv4, isIPv6 } from 'node:net';
import { formatIp, ipBytes, ipv6Bytes } from './ipAddress.js';

/** A complete header. */
export interface ProxyHeader {
  /** Null if the proxy itself is the client, or if its client has no IP address. */
  readonly ends: ClientEnds | null;
  readonly byteCount: number;
}

/** One end of a TCP connection. */
export interface End {
  /** An IP address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

/** Both ends of a client's connection, as the first proxy on the way saw them. */
export interface ClientEnds {
  readonly source: End;
  readonly destination: End;
}

export type ProxyVersion = 'v1' | 'v2';

/** The bytes in place of a header are no header. */
export class ProxyHeaderError extends Error {
  override readonly name = 'ProxyHeaderError';
}

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const V1_PREFIX = Buffer.from('PROXY ', 'latin1');
const V1_MAX_BYTES = 107;
const V2_FIXED_BYTES = 16;
/**
 * Addresses take at most 216 bytes. TLVs are small, except for those in which a TLS terminator describes a certificate.
 */
const V2_MAX_BYTES = 4096;

/** The length of an address by family and transport. For other families only the total length matters. */
const ADDRESS_BYTES: Readonly<Record<number, number>> = { 0x11: 4, 0x21: 16 };

/**
 * Reads the header at the beginning of a connection.
 * @param bytes all bytes that have come so far
 * @returns null if more bytes have to come
 * @throws {ProxyHeaderError} if this is no header, or a header that is too long
 */
export function readProxyHeader(bytes: Buffer): ProxyHeader | null {
  if (isPrefixed(bytes, V1_PREFIX)) return readText(bytes);
  if (isPrefixed(bytes, SIGNATURE)) return readBinary(bytes);
  throw new ProxyHeaderError('expected a PROXY header, got something else');
}

/** Whether `bytes` begins with `prefix`; if it is shorter, whether it is the front of `prefix`. */
function isPrefixed(bytes: Buffer, prefix: Buffer): boolean {
  const length = Math.min(bytes.length, prefix.length);
  return bytes.subarray(0, length).equals(prefix.subarray(0, length));
}

function readText(bytes: Buffer): ProxyHeader | null {
  const end = bytes.subarray(0, V1_MAX_BYTES).indexOf('\r\n');
  if (end < 0) {
    if (bytes.length >= V1_MAX_BYTES) throw new ProxyHeaderError(`a PROXY header of more than ${V1_MAX_BYTES} bytes`);
    return null;
  }
  const line = bytes.toString('latin1', 0, end);
  const byteCount = end + 2;
  const [, family, ...fields] = line.split(' ');
  if (family === 'UNKNOWN') return { ends: null, byteCount }; // the rest of the line has no meaning
  const isAddress = family === 'TCP4' ? isIPv4 : family === 'TCP6' ? isZoneless : () => false;
  const [source = '', destination = '', sourcePort = '', destinationPort = ''] = fields;
  const isWhole = fields.length === 4 && isAddress(source) && isAddress(destination) &&
    [sourcePort, destinationPort].every(isPort);
  if (!isWhole) throw new ProxyHeaderError(`expected a PROXY header of version 1, got ${JSON.stringify(line)}`);
  const ends = {
    source: { host: formatIp(ipBytes(source)), port: Number(sourcePort) }, // an address can be written in many ways
    destination: { host: formatIp(ipBytes(destination)), port: Number(destinationPort) },
  };
  return { ends, byteCount };
}

/** Whether a text is an IPv6 address without a zone. `isIPv6` of Node also accepts a zone (fe80::1%eth0). */
function isZoneless(text: string): boolean {
  return isIPv6(text) && !text.includes('%');
}

function isPort(text: string): boolean {
  return /^(0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65535;
}

function readBinary(bytes: Buffer): ProxyHeader | null {
  if (bytes.length < V2_FIXED_BYTES) return null;
  const versionAndCommand = bytes.readUInt8(12);
  const byteCount = V2_FIXED_BYTES + bytes.readUInt16BE(14);
  const isKnown = versionAndCommand === 0x20 || versionAndCommand === 0x21;
  if (!isKnown) {
    throw new ProxyHeaderError(`a PROXY header of another version or command: 0x${versionAndCommand.toString(16)}`);
  }
  if (byteCount > V2_MAX_BYTES) {
    throw new ProxyHeaderError(`a PROXY header of ${byteCount} bytes, more than ${V2_MAX_BYTES}`);
  }
  if (bytes.length < byteCount) return null;
  const isLocal = versionAndCommand === 0x20;
  const addressBytes = ADDRESS_BYTES[bytes.readUInt8(13)];
  if (isLocal || addressBytes === undefined) return { ends: null, byteCount };
  const ports = V2_FIXED_BYTES + 2 * addressBytes;
  if (byteCount < ports + 4) throw new ProxyHeaderError('a PROXY header that is too short for its addresses');
  const host = (at: number): string => formatIp(bytes.subarray(at, at + addressBytes));
  const ends = {
    source: { host: host(V2_FIXED_BYTES), port: bytes.readUInt16BE(ports) },
    destination: { host: host(V2_FIXED_BYTES + addressBytes), port: bytes.readUInt16BE(ports + 2) },
  };
  return { ends, byteCount };
}

/**
 * Makes a header. A header has one family: if only one end has an IPv4 address, both are written as IPv6.
 * @param ends IP addresses without zones; null if Sluice itself is the client, or if the client has no IP address
 * @throws {RangeError} if an end has no IP address
 */
export function encodeProxyHeader(version: ProxyVersion, ends: ClientEnds | null): Buffer {
  return version === 'v1' ? encodeText(ends) : encodeBinary(ends);
}

function isOfIPv4({ source, destination }: ClientEnds): boolean {
  return isIPv4(source.host) && isIPv4(destination.host);
}

function encodeText(ends: ClientEnds | null): Buffer {
  if (ends === null) return Buffer.from('PROXY UNKNOWN\r\n', 'latin1');
  const isV4 = isOfIPv4(ends);
  const host = (address: string): string => (!isV4 && isIPv4(address) ? `::ffff:${address}` : address);
  const { source, destination } = ends;
  const addresses = `${host(source.host)} ${host(destination.host)}`;
  return Buffer.from(`PROXY ${isV4 ? 'TCP4' : 'TCP6'} ${addresses} ${source.port} ${destination.port}\r\n`, 'latin1');
}

function encodeBinary(ends: ClientEnds | null): Buffer {
  if (ends === null) return Buffer.concat([SIGNATURE, Buffer.from([0x20, 0, 0, 0])]);
  const { source, destination } = ends;
  const isV4 = isOfIPv4(ends);
  const bytesOf = isV4 ? ipBytes : ipv6Bytes;
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(source.port, 0);
  ports.writeUInt16BE(destination.port, 2);
  const body = Buffer.concat([bytesOf(source.host), bytesOf(destination.host), ports]);
  return Buffer.concat([SIGNATURE, Buffer.from([0x21, isV4 ? 0x11 : 0x21, 0, body.length]), body]);
}
