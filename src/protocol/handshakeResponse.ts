import { Capability, commonHalf, joinHalves, mariadbHalf } from './capabilities.js';
import { encodeLenencString, PacketReader } from './lenenc.js';
import { frontText } from './frontText.js';

/** A HandshakeResponse41. */
export interface HandshakeResponse extends ClientIdentity {
  readonly capabilities: bigint;
}

/** A client's identity, from its answer to the greeting or from COM_CHANGE_USER. */
export interface ClientIdentity {
  readonly user: string;
  /** The default schema that the client asks for; empty if it asks for none. */
  readonly schema: string;
  /** Connection attributes such as `program_name`, in the order in which they were sent. */
  readonly attributes: ReadonlyMap<string, string>;
  /** The number of the collation that the client asks for; 0 if it asks for none. */
  readonly collation: number;
}

/** The contents of a HandshakeResponse41 that Sluice itself sends as a client. */
export interface ClientLogin {
  /** A subset of the server's. LONG_PASSWORD is set, which says that the client does not use MariaDB's bits. */
  readonly capabilities: bigint;
  readonly maxPacketBytes: number;
  readonly collation: number;
  readonly user: string;
  /** The answer of `authPlugin` to the greeting. Without PLUGIN_AUTH_LENENC_CLIENT_DATA it has at most 255 bytes. */
  readonly authResponse: Buffer;
  readonly authPlugin: string;
  readonly attributes: ReadonlyMap<string, string>;
}

const MARIADB_HALF_OFFSET = 28;
const USER_OFFSET = 32;

/** The capability flags in a client's first packet, of whatever kind; null if the packet is too short. */
export function responseCapabilities(payload: Buffer): bigint | null {
  if (payload.length < 4) return null;
  const common = payload.readUInt32LE(0);
  const carriesMariadbHalf = (BigInt(common) & Capability.LONG_PASSWORD) === 0n && payload.length >= USER_OFFSET;
  return joinHalves(common, carriesMariadbHalf ? payload.readUInt32LE(MARIADB_HALF_OFFSET) : 0);
}

/**
 * Reads a HandshakeResponse41 payload. Returns null for anything else: the protocol before 4.1 (no PROTOCOL_41 bit), an
 * SSLRequest, or a packet that ends too early. (MySQL manual, "Protocol::HandshakeResponse41".)
 */
export function decodeHandshakeResponse(payload: Buffer): HandshakeResponse | null {
  const capabilities = responseCapabilities(payload);
  if (capabilities === null || payload.length < USER_OFFSET) return null;
  if ((capabilities & Capability.PROTOCOL_41) === 0n || (capabilities & Capability.SSL) !== 0n) return null;
  const reader = new PacketReader(payload, USER_OFFSET, payload.length);
  const user = unquoted(nameIn(reader.nulSlice()));
  skipAuthResponse(reader, capabilities);
  const schema = capabilities & Capability.CONNECT_WITH_DB ? nameIn(reader.nulSlice()) : '';
  if (capabilities & Capability.PLUGIN_AUTH) reader.nulSlice();
  if (reader.failed) return null;
  const attributes = capabilities & Capability.CONNECT_ATTRS ? readAttributes(reader) : new Map<string, string>();
  return { capabilities, collation: payload[8]!, user, schema, attributes };
}

/**
 * The payload of an SSLRequest: the front of a HandshakeResponse41. (MySQL manual, "Protocol::SSLRequest".)
 * @param login its capabilities include SSL
 */
export function encodeSslRequest(
  login: Pick<ClientLogin, 'capabilities' | 'maxPacketBytes' | 'collation'>,
): Buffer {
  const payload = Buffer.alloc(USER_OFFSET);
  payload.writeUInt32LE(commonHalf(login.capabilities), 0);
  payload.writeUInt32LE(login.maxPacketBytes, 4);
  payload[8] = login.collation;
  return payload;
}

/**
 * The payload of a HandshakeResponse41 without a default schema.
 * @throws RangeError if `authResponse` is longer than the capabilities allow
 */
export function encodeHandshakeResponse(login: ClientLogin): Buffer {
  const { authResponse, capabilities } = login;
  const hasLenenc = (capabilities & Capability.PLUGIN_AUTH_LENENC_CLIENT_DATA) !== 0n;
  const parts = [
    encodeSslRequest(login),
    Buffer.from(`${login.user}\0`),
    hasLenenc ? encodeLenencString(authResponse) : withLengthByte(authResponse),
  ];
  if (capabilities & Capability.PLUGIN_AUTH) parts.push(Buffer.from(`${login.authPlugin}\0`));
  if (capabilities & Capability.CONNECT_ATTRS) parts.push(encodeAttributes(login.attributes));
  return Buffer.concat(parts);
}

/** Clears capability bits in a client's first packet, in place. */
export function clearResponseCapabilities(payload: Buffer, cleared: bigint): void {
  payload.writeUInt32LE((payload.readUInt32LE(0) & ~commonHalf(cleared)) >>> 0, 0);
  const isMysql = (payload[0]! & 1) === 1;
  if (isMysql || payload.length < USER_OFFSET) return;
  const mariadb = payload.readUInt32LE(MARIADB_HALF_OFFSET);
  payload.writeUInt32LE((mariadb & ~mariadbHalf(cleared)) >>> 0, MARIADB_HALF_OFFSET);
}

/**
 * A user's name without the single quotes around it, which servers ignore in a login. (`parse_client_handshake_packet`
 * of both.)
 */
function unquoted(user: string): string {
  return user.length > 1 && user.startsWith("'") && user.endsWith("'") ? user.slice(1, -1) : user;
}

/**
 * Reads a COM_CHANGE_USER payload, command byte included. A field that cannot be read stays empty: only the server
 * decides whether the packet is valid. (MySQL manual, "COM_CHANGE_USER".)
 */
export function decodeChangeUser(payload: Buffer, capabilities: bigint): ClientIdentity {
  const reader = new PacketReader(payload, 1, payload.length);
  const user = nameIn(reader.nulSlice());
  if (capabilities & Capability.SECURE_CONNECTION) reader.skip(reader.uint(1));
  else reader.nulSlice();
  const schema = nameIn(reader.nulSlice());
  const collation = reader.uint(2);
  if (capabilities & Capability.PLUGIN_AUTH) reader.nulSlice();
  const attributes = capabilities & Capability.CONNECT_ATTRS ? readAttributes(reader) : new Map<string, string>();
  return { user, schema, attributes, collation };
}

function skipAuthResponse(reader: PacketReader, capabilities: bigint): void {
  if (capabilities & Capability.PLUGIN_AUTH_LENENC_CLIENT_DATA) reader.lenencSlice();
  else if (capabilities & Capability.SECURE_CONNECTION) reader.skip(reader.uint(1));
  else reader.nulSlice();
}

/** The most attributes that Sluice reads from one client. Programs send about ten, together 300 bytes. */
const MAX_ATTRIBUTES = 256;
const MAX_ATTRIBUTES_BYTES = 16 * 1024;
const MAX_ATTRIBUTE_NAME_BYTES = 128;
/**
 * The most bytes of a name that Sluice keeps. The longest user name of a server, MariaDB's 128 characters, is shorter;
 * so is the longest schema name.
 */
const MAX_NAME_BYTES = 512;

/** The name of a user, a schema or a program. Of a name that is too long, only the front is kept. */
export function nameIn(bytes: Buffer): string {
  return frontText(bytes, MAX_NAME_BYTES);
}

/** Reads all attributes that are readable. Whether the rest is an error is the server's decision. */
function readAttributes(reader: PacketReader): Map<string, string> {
  const attributes = new Map<string, string>();
  let keptBytes = 0;
  // Some clients set the bit and send nothing. Both servers accept that.
  if (reader.left === 0) return attributes;
  const end = reader.lenenc() + reader.offset;
  for (let count = 0; count < MAX_ATTRIBUTES && reader.offset < end && reader.left > 0; count += 1) {
    const key = frontText(reader.lenencSlice(), MAX_ATTRIBUTE_NAME_BYTES);
    const value = nameIn(reader.lenencSlice());
    keptBytes += Buffer.byteLength(key) + Buffer.byteLength(value);
    if (!reader.failed && keptBytes <= MAX_ATTRIBUTES_BYTES) attributes.set(key, value);
  }
  return attributes;
}

function encodeAttributes(attributes: ReadonlyMap<string, string>): Buffer {
  return encodeLenencString(Buffer.concat([...attributes].flat().map(encodeLenencString)));
}

function withLengthByte(bytes: Buffer): Buffer {
  if (bytes.length > 0xff) {
    throw new RangeError(`the authentication answer has ${bytes.length} bytes, this server takes at most 255`);
  }
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}
