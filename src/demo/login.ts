import { randomBytes } from 'node:crypto';
import { Capability } from '../protocol/capabilities.js';
import { responseCapabilities } from '../protocol/handshakeResponse.js';
import { PacketReader } from '../protocol/lenenc.js';
import { FirstByte } from '../protocol/packets.js';
import { Status } from '../protocol/status.js';
import type { ResponseEncoder } from './encode.js';

/** The identity of a client. The demo accepts everybody, with any schema. */
export interface Login {
  readonly capabilities: bigint;
  readonly user: string;
  readonly schema: string;
  /** The plugin of the client's answer. */
  readonly authPlugin: string;
  readonly hasPassword: boolean;
}

/** The capabilities that the demo server offers. */
export const SERVER_CAPABILITIES =
  Capability.LONG_PASSWORD | Capability.FOUND_ROWS | Capability.LONG_FLAG | Capability.CONNECT_WITH_DB |
  Capability.IGNORE_SPACE | Capability.PROTOCOL_41 | Capability.INTERACTIVE | Capability.TRANSACTIONS |
  Capability.SECURE_CONNECTION | Capability.MULTI_STATEMENTS | Capability.MULTI_RESULTS |
  Capability.PS_MULTI_RESULTS | Capability.PLUGIN_AUTH | Capability.CONNECT_ATTRS |
  Capability.PLUGIN_AUTH_LENENC_CLIENT_DATA | Capability.SESSION_TRACK | Capability.DEPRECATE_EOF |
  Capability.QUERY_ATTRIBUTES;

/**
 * The plugin in the greeting. MySQL 9 clients have no older one. Other clients know it, or the server switches them.
 */
export const AUTH_PLUGIN = 'caching_sha2_password';
const NATIVE_PLUGIN = 'mysql_native_password';
/** AuthMoreData of caching_sha2_password: the password's digest is in the server's cache. OK follows. */
const FAST_AUTH_SUCCESS = 0x03;

/** 20 bytes without a NUL, because clients treat the nonce as a text. */
export function newScramble(): Buffer {
  return Buffer.from(Array.from(randomBytes(20), (byte) => (byte % 127) + 1));
}

/** Reads a HandshakeResponse41; null for anything else. Bits that the server did not offer are ignored. */
export function readLogin(payload: Buffer): Login | null {
  const asked = responseCapabilities(payload);
  if (asked === null || (asked & Capability.PROTOCOL_41) === 0n) return null;
  const capabilities = asked & SERVER_CAPABILITIES;
  const reader = new PacketReader(payload, 32, payload.length);
  const user = reader.nulSlice().toString();
  const lenencAuth = capabilities & Capability.PLUGIN_AUTH_LENENC_CLIENT_DATA;
  const auth = lenencAuth ? reader.lenencSlice() : reader.slice(reader.uint(1));
  const schema = capabilities & Capability.CONNECT_WITH_DB ? reader.nulSlice().toString() : '';
  const login = loginOf(capabilities, user, auth, schema, reader);
  return reader.failed ? null : login;
}

/** Reads a COM_CHANGE_USER. Missing fields are empty. */
export function readChangeUser(payload: Buffer, capabilities: bigint): Login {
  const reader = new PacketReader(payload, 1, payload.length);
  const user = reader.nulSlice().toString();
  const auth = reader.slice(reader.uint(1));
  const schema = reader.nulSlice().toString();
  reader.skip(2); // collation
  return loginOf(capabilities, user, auth, schema, reader);
}

function loginOf(
  capabilities: bigint, user: string, auth: Buffer, schema: string, reader: PacketReader,
): Login {
  const authPlugin = capabilities & Capability.PLUGIN_AUTH ? reader.nulSlice().toString() : NATIVE_PLUGIN;
  // An empty password is an empty answer for one plugin, and a single NUL for the other.
  const hasPassword = auth.length > 1;
  return { capabilities, user, schema, authPlugin, hasPassword };
}

/**
 * The plugin to switch to, if the client has answered with another one than that of the greeting: it may be waiting for
 * its plugin's turn. Null if its answer is acceptable.
 */
export function pluginToSwitchTo(login: Login): string | null {
  if ((login.capabilities & Capability.PLUGIN_AUTH) === 0n || login.authPlugin === AUTH_PLUGIN) return null;
  return login.authPlugin === NATIVE_PLUGIN ? NATIVE_PLUGIN : AUTH_PLUGIN;
}

/** AuthSwitchRequest: 0xFE, the plugin's name, a nonce. */
export function authSwitchPayload(plugin: string, scramble: Buffer): Buffer {
  const nul = Buffer.from([0]);
  return Buffer.concat([Buffer.from([FirstByte.EOF]), Buffer.from(plugin), nul, scramble, nul]);
}

/** The end of an authentication: OK, and before it the packet with which caching_sha2_password accepts a password. */
export function welcome(login: Pick<Login, 'authPlugin' | 'hasPassword'>, encoder: ResponseEncoder): Buffer {
  const needsWord = login.authPlugin === AUTH_PLUGIN && login.hasPassword;
  const word = needsWord ? [encoder.packet(Buffer.from([FirstByte.AUTH_MORE_DATA, FAST_AUTH_SUCCESS]))] : [];
  return Buffer.concat([...word, encoder.ok(Status.AUTOCOMMIT)]);
}
