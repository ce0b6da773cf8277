import { PacketReader } from '../lenenc.js';
import { ed25519Signature } from './ed25519.js';
import { clearPassword, encryptedPassword } from './password.js';
import { cachingSha2Token, nativePasswordToken, NONCE_BYTES } from './scrambles.js';

/** The client's side of one authentication plugin. */
export interface AuthExchange {
  /** What goes out first: in the HandshakeResponse, or after an AuthSwitchRequest as a packet of its own. */
  readonly firstAnswer: Buffer;
  /**
   * Answers the data of an AuthMoreData packet; null where the server goes on by itself.
   * @throws Error where the plugin has no such step
   */
  answer(moreData: Buffer): Buffer | null;
}

/** What an exchange is made of. `password` must stay as it is until the exchange has ended. */
export interface Secret {
  readonly password: Buffer;
  /** Nobody else can read the connection (TLS, a unix socket): the password may go over it as it is. */
  readonly isConfidential: boolean;
}

/** A plugin that the server asks for, with its nonce. */
export interface AuthSwitch {
  readonly plugin: string;
  readonly nonce: Buffer;
}

interface Plugin {
  readonly nonceBytes: number;
  start(secret: Secret, nonce: Buffer): AuthExchange;
}

const ED25519_NONCE_BYTES = 32;

/** Of caching_sha2_password: the server has found the password in its cache. OK follows. */
const FAST_AUTH_SUCCESS = 0x03;
/** The server has it not, and needs the password itself. */
const FULL_AUTH = 0x04;
/** Asks for the server's public key. The byte differs from plugin to plugin. */
const CACHING_SHA2_KEY_REQUEST = Buffer.from([0x02]);
const SHA256_KEY_REQUEST = Buffer.from([0x01]);
/** How the plugins with SHA-256 say that the password is empty. */
const NO_PASSWORD = Buffer.from([0x00]);

const PLUGINS: ReadonlyMap<string, Plugin> = new Map<string, Plugin>([
  ['mysql_native_password', { nonceBytes: NONCE_BYTES, start: nativePassword }],
  ['caching_sha2_password', { nonceBytes: NONCE_BYTES, start: cachingSha2 }],
  ['sha256_password', { nonceBytes: NONCE_BYTES, start: sha256 }],
  ['client_ed25519', { nonceBytes: ED25519_NONCE_BYTES, start: ed25519 }],
]);

/**
 * Begins an exchange. Returns null where the plugin is not known here.
 * @throws Error where the nonce is too short for the plugin
 */
export function startAuth({ plugin, nonce }: AuthSwitch, secret: Secret): AuthExchange | null {
  const known = PLUGINS.get(plugin);
  if (known === undefined) return null;
  if (nonce.length < known.nonceBytes) {
    throw new Error(`the server sent ${nonce.length} bytes as a nonce for ${plugin}`);
  }
  return known.start(secret, nonce.subarray(0, known.nonceBytes));
}

/**
 * Reads an AuthSwitchRequest payload: 0xFE, the plugin's name, its data. The 0xFE alone asks for the plugin
 * of servers before 4.1. (MySQL manual, "Protocol::AuthSwitchRequest".)
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

/** A plugin that has one answer and no more. */
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
