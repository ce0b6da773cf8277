import { Capability, commonHalf, joinHalves, mariadbHalf } from './capabilities.js';

/** The contents of the server's first packet (Protocol::HandshakeV10). */
export interface Greeting {
  readonly serverVersion: string;
  /** The server's number for this connection (the low 32 bits), which `KILL` takes. */
  readonly connectionId: number;
  readonly capabilities: bigint;
  /** The low byte of the number of the server's default collation. */
  readonly collation: number;
  readonly statusFlags: number;
  /** The authentication plugin that the server begins with; empty if the packet names none. */
  readonly authPlugin: string;
  /** The nonce for that plugin: 20 bytes, without the NUL after it. */
  readonly scramble: Buffer;
  readonly isMariadb: boolean;
}

/** A greeting stays undecided until it is whole. Real ones, with the longest names, are far smaller. */
export const MAX_GREETING_BYTES = 8 * 1024;

/** The protocol version that HandshakeV10 begins with. */
export const PROTOCOL_VERSION_10 = 0x0a;

// Offsets after the NUL of the server version.
const CONNECTION_ID = 0;
const SCRAMBLE_HEAD = 4;
const CAPABILITIES_LOW = 13;
const COLLATION = 15;
const STATUS_FLAGS = 16;
const CAPABILITIES_HIGH = 18;
const SCRAMBLE_LENGTH = 20;
const CAPABILITIES_MARIADB = 27;
const SCRAMBLE_TAIL = 31;

/**
 * Reads a HandshakeV10 payload. Returns null for anything else: protocol 9 of servers before 4.0, or a packet that is
 * too short. (MySQL manual, "Protocol::HandshakeV10"; MariaDB knowledge base, "Connection".)
 */
export function decodeGreeting(payload: Buffer): Greeting | null {
  const fixed = fixedPartOffset(payload);
  if (fixed === null) return null;
  const common =
    payload.readUInt16LE(fixed + CAPABILITIES_LOW) + payload.readUInt16LE(fixed + CAPABILITIES_HIGH) * 0x10000;
  const hasMariadbHalf = (BigInt(common) & Capability.LONG_PASSWORD) === 0n;
  const mariadb = hasMariadbHalf ? payload.readUInt32LE(fixed + CAPABILITIES_MARIADB) : 0;
  const serverVersion = payload.toString('latin1', 1, fixed - 1);
  // The second part has at least 13 bytes, even if a smaller length is announced. Its last byte is a NUL.
  const tailEnd = fixed + SCRAMBLE_TAIL + Math.max(13, payload[fixed + SCRAMBLE_LENGTH]! - 8);
  const pluginEnd = payload.indexOf(0, tailEnd);
  return {
    serverVersion,
    connectionId: payload.readUInt32LE(fixed + CONNECTION_ID),
    capabilities: joinHalves(common, mariadb),
    collation: payload[fixed + COLLATION]!,
    statusFlags: payload.readUInt16LE(fixed + STATUS_FLAGS),
    authPlugin: payload.toString('latin1', tailEnd, pluginEnd < 0 ? payload.length : pluginEnd),
    scramble: Buffer.concat([
      payload.subarray(fixed + SCRAMBLE_HEAD, fixed + SCRAMBLE_HEAD + 8),
      payload.subarray(fixed + SCRAMBLE_TAIL, tailEnd - 1),
    ]),
    isMariadb: hasMariadbHalf || serverVersion.includes('MariaDB'),
  };
}

/** Clears capability bits in a HandshakeV10 payload, in place. `decodeGreeting` has been able to read the payload. */
export function clearGreetingCapabilities(payload: Buffer, cleared: bigint): void {
  const fixed = fixedPartOffset(payload);
  if (fixed === null) return;
  const common = commonHalf(cleared);
  clear16(payload, fixed + CAPABILITIES_LOW, common & 0xffff);
  clear16(payload, fixed + CAPABILITIES_HIGH, common >>> 16);
  const isMysql = ((payload[fixed + CAPABILITIES_LOW] ?? 0) & 1) === 1;
  if (isMysql) return;
  const mariadb = mariadbHalf(cleared);
  clear16(payload, fixed + CAPABILITIES_MARIADB, mariadb & 0xffff);
  clear16(payload, fixed + CAPABILITIES_MARIADB + 2, mariadb >>> 16);
}

/** Sets the bit for TLS in a HandshakeV10 payload, in place. `decodeGreeting` has been able to read the payload. */
export function offerTls(payload: Buffer): void {
  const at = fixedPartOffset(payload)! + CAPABILITIES_LOW;
  payload.writeUInt16LE(payload.readUInt16LE(at) | Number(Capability.SSL), at);
}

function fixedPartOffset(payload: Buffer): number | null {
  if (payload[0] !== PROTOCOL_VERSION_10) return null;
  const nul = payload.indexOf(0, 1);
  return nul < 0 || payload.length < nul + 1 + SCRAMBLE_TAIL ? null : nul + 1;
}

function clear16(payload: Buffer, offset: number, bits: number): void {
  payload.writeUInt16LE(payload.readUInt16LE(offset) & ~bits & 0xffff, offset);
}
