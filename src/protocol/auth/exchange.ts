import { PacketReader } from '../lenenc.js';
import { ed25519Signature } from './ed25519.js';
import { clearPassword, encryptedPassword } from './password.js';
import { cachingSha2Token, nativePasswordToken, NONCE_BYTES } from './scrambles.js';
import { counted } from '../../text/counted.js';

/** The client's side of one authentication plugin. */
export interface AuthExchange {
  /** The first answer. It goes out in the HandshakeResponse, or after an AuthSwitchRequest in a packet of its own. */
  readonly firstAnswer: Buffer;
  /**
   * The answer to the data of an AuthMoreData packet; null if the server expects none.
   * @throws Error if the plugin has no such step
   */
  answer(moreData: Buffer): Buffer | null;
}

/** The input of an exchange. `password` must not change until the exchange has ended. */
export interface Secret {
  readonly password: Buffer;
  /** No third party can read the connection (TLS, a unix socket). The password may be sent over it in clear text. */
  readonly isConfidential: boolean;
}

/** The plugin that the server asks for, with its nonce. */
export interface AuthSwitch {
  readonly plugin: string;
  readonly nonce: Buffer;
}

interface Plugin {
  readonly nonceBytes: number;
  start(secret: Secret, nonce: Buffer): AuthExchange;
}

const ED25519_NONCE_BYTES = 32;

/** caching_sha2_password: the server has the password in its cache. OK follows. */
const FAST_AUTH_SUCCESS = 0x03;
/** caching_sha2_password: the server does not have the password in its cache and needs the password itself. */
const FULL_AUTH = 0x04;
/** Asks for the server's public key. The byte differs from plugin to plugin. */
const CACHING_SHA2_KEY_REQUEST = Buffer.from([0x02]);
const SHA256_KEY_REQUEST = Buffer.from([0x01]);
/** An empty password, as the plugins with SHA-256 send it. */
const NO_PASSWORD = Buffer.from([0x00]);

const PLUGINS: ReadonlyMap<string, Plugin> = new Map<string, Plugin>([
  ['mysql_native_password', { nonceBytes: NONCE_BYTES, start: nativePassword }],
  ['caching_sha2_password', { nonceBytes: NONCE_BYTES, start: cachingSha2 }],
  ['sha256_password', { nonceBytes: NONCE_BYTES, start: sha256 }],
  ['client_ed25519', { nonceBytes: ED25519_NONCE_BYTES, start: ed25519 }],
]);

/**
 * Begins an exchange. Returns null if this program does not know the plugin.
 * @throws Error if the nonce is too short for the plugin
 */
export function startAuth({ plugin, nonce }: AuthSwitch, secret: Secret): AuthExchange | null {
  const known = PLUGINS.get(plugin);
  if (known === undefined) return null;
  if (nonce.length < known.nonceBytes) {
    throw new Error(`the server sent ${counted(nonce.length, 'byte')} as a nonce for ${plugin}`);
  }
  return known.start(secret, nonce.subarray(0, known.nonceBytes));
}

/**
 * Reads an AuthSwitchRequest payload: 0xFE, the plugin's name, its data. A single 0xFE asks for the plugin of servers
 * before 4.1. (MySQL manual, "Protocol::AuthSwitchRequest".)
 */
export function decodeAuthSwitch(payload: Buffer): AuthSwitch {
  if (payload.length === 1) return { plugin: 'mysql_old_password', nonce: Buffer.alloc(0) };
  const reader = new PacketReader(payload, 1, payload.length);
  const plugin = reader.nulSlice().toString('latin1');
  return { plugin, nonce: Buffer.from(reader.slice(reader.left)) };
}

function nativePassword({ password }: Secret, nonce: Buffer): AuthExchange {
  return single(nativePasswordToken(password, nonce));
}

function ed25519({ password }: Secret, nonce: Buffer): AuthExchange {
  return single(ed25519Signature(password, nonce));
}

/** An exchange with a single answer. */
function single(firstAnswer: Buffer): AuthExchange {
  return { firstAnswer, answer: unexpected };
}

function cachingSha2({ password, isConfidential }: Secret, nonce: Buffer): AuthExchange {
  if (password.length === 0) return single(NO_PASSWORD);
  let awaitsKey = false;
  return {
    firstAnswer: cachingSha2Token(password, nonce),
    answer(moreData) {
      if (awaitsKey) return encryptedPassword(password, nonce, moreData);
      if (moreData[0] === FAST_AUTH_SUCCESS) return null;
      if (moreData[0] !== FULL_AUTH) return unexpected();
      if (isConfidential) return clearPassword(password);
      awaitsKey = true;
      return CACHING_SHA2_KEY_REQUEST;
    },
  };
}

function sha256({ password, isConfidential }: Secret, nonce: Buffer): AuthExchange {
  if (password.length === 0) return single(NO_PASSWORD);
  if (isConfidential) return single(clearPassword(password));
  return { firstAnswer: SHA256_KEY_REQUEST, answer: (pem) => encryptedPassword(password, nonce, pem) };
}

function unexpected(): never {
  throw new Error('the server asked for a step that its authentication plugin does not have');
}
