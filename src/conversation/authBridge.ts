import type { KeyObject } from 'node:crypto';
import { carriedAnswer, withoutAnswer } from '../protocol/auth/carriedAnswer.js';
import { decodeAuthSwitch } from '../protocol/auth/exchange.js';
import { decryptedPassword, encryptedPassword } from '../protocol/auth/password.js';
import { wiping } from '../protocol/auth/scrambles.js';
import { FirstByte } from '../protocol/packets.js';
import type { Peer } from '../protocol/peer.js';
import { errorText } from '../text/errorText.js';

// Plugins that prove a secret without sending it pass as they are. Two plugins send the password itself: in clear on an
// encrypted connection, and encrypted with the server's RSA key on a connection in the clear. If only one of the two
// connections is encrypted, Sluice turns one form into the other:
//
//     client encrypted, server in the clear   password -> we fetch the server's key -> encrypted password
//     client in the clear, server encrypted   we give a key of our own -> encrypted password -> password
//
// A client on an encrypted connection sends anything that the server asks for, its password too. So a packet passes to
// a server in the clear only if it belongs to a plugin that proves a secret without sending it.

/** Follows one authentication, packet by packet, if only one of the two connections is encrypted. */
export class AuthBridge {
  private plugin = '';
  /** The number of packets that the plugin's client still sends to prove its secret. */
  private proofsLeft = 0;
  private awaited: Awaited = 'nothing';
  /** The password with the NUL that the client sent after it. */
  private password: Buffer | null = null;
  private ownKey: OwnKey | null = null;

  /**
   * @param encrypted the peer whose connection is encrypted; null if both are, so that every packet passes
   * @param bridges passwords may be converted; if not, an authentication that needs it is refused
   * @param nonce the nonce of the greeting
   */
  constructor(
    private readonly encrypted: Peer | null,
    private readonly bridges: boolean,
    private nonce: Buffer,
  ) {}

  /**
   * Takes the packet that begins the authentication: a HandshakeResponse41, or a COM_CHANGE_USER. If the answer in it
   * must not pass, it is left out, and the server has to ask for it.
   */
  begin(payload: Buffer, capabilities: bigint, isUserChange: boolean): Step {
    if (this.encrypted === null) return { to: 'server', payload };
    const carried = carriedAnswer(payload, capabilities, isUserChange);
    if (carried === null) return { refusal: 'the packet that begins the authentication ends too early' };
    this.use(carried.plugin === '' ? UNNAMED_PLUGIN : carried.plugin);
    if (this.mayCarry(isUserChange)) {
      this.proofsLeft -= 1;
      return { to: 'server', payload };
    }
    const answer = payload.subarray(carried.answerAt, carried.answerEnd);
    return { to: 'server', payload: wiping([answer], () => withoutAnswer(payload, carried)) };
  }

  /** Takes a packet of the server. */
  fromServer(payload: Buffer): Step {
    if (this.encrypted === null) return { to: 'client', payload };
    switch (payload[0]) {
      case FirstByte.EOF:
      case FirstByte.AUTH_NEXT_FACTOR:
        return this.switchTo(payload);
      case FirstByte.AUTH_MORE_DATA:
        return this.moreData(payload);
      default:
        this.forget();
        return { to: 'client', payload };
    }
  }

  /** Takes a packet of the client. A password in it is overwritten. */
  fromClient(payload: Buffer): Step {
    const { awaited } = this;
    this.awaited = 'nothing';
    if (awaited === 'encryptedPassword') return this.decrypt(payload);
    if (awaited === 'password') return this.takePassword(payload);
    if (this.encrypted === 'client' && this.proofsLeft <= 0) {
      payload.fill(0);
      return { refusal: `${this.shownPlugin} might send a password in clear: ${SERVER_IN_CLEAR}` };
    }
    this.proofsLeft -= 1;
    return { to: 'server', payload };
  }

  /** Continues with a key of our own. It is created only if an authentication needs it, since that takes long. */
  giveKey(key: OwnKey): Step {
    this.ownKey = key;
    this.awaited = 'encryptedPassword';
    return { to: 'client', payload: Buffer.concat([Buffer.from([FirstByte.AUTH_MORE_DATA]), key.publicPem]) };
  }

  /** Overwrites the password. */
  forget(): void {
    this.password?.fill(0);
    this.password = null;
    this.awaited = 'nothing';
  }

  private use(plugin: string): void {
    this.plugin = plugin;
    this.proofsLeft = PROVING_PLUGINS.get(plugin) ?? 0;
  }

  /** Whether the answer in the first packet may pass. */
  private mayCarry(isUserChange: boolean): boolean {
    const { plugin } = this;
    // The answer to the greeting is always a scramble. For a change of user the nonce is not known yet: the server's
    // next request has it.
    if (plugin === CACHING_SHA2) return !isUserChange;
    if (this.encrypted === 'client') return this.proofsLeft > 0;
    return !KEY_REQUESTS.has(plugin) && !CLEAR_PLUGINS.has(plugin);
  }

  private get shownPlugin(): string {
    return this.plugin.slice(0, SHOWN_NAME_CHARS);
  }

  private switchTo(payload: Buffer): Step {
    const { plugin, nonce } = decodeAuthSwitch(payload);
    this.use(plugin);
    this.nonce = nonce;
    if (plugin === LDAP_SASL && PROVING_MECHANISMS.has(withoutNul(nonce).toString('latin1'))) {
      this.proofsLeft = Infinity;
    }
    const sendsPassword = KEY_REQUESTS.has(plugin) && plugin !== CACHING_SHA2;
    this.awaited = sendsPassword ? 'password' : 'nothing';
    if (this.encrypted === 'client' && this.proofsLeft === 0 && !sendsPassword) {
      const does = CLEAR_PLUGINS.has(plugin) ? 'would' : 'might';
      return { refusal: `the account's ${this.shownPlugin} ${does} send the password in clear: ${SERVER_IN_CLEAR}` };
    }
    return { to: 'client', payload };
  }

  private moreData(payload: Buffer): Step {
    if (this.awaited === 'serverKey') return this.encrypt(payload.subarray(1));
    // Clients read only this byte.
    if (this.plugin === CACHING_SHA2 && payload[1] === FULL_AUTH) this.awaited = 'password';
    return { to: 'client', payload };
  }

  /** Takes the password in clear, a request for a key, or a single NUL (an empty password). */
  private takePassword(payload: Buffer): Step {
    const keyRequest = KEY_REQUESTS.get(this.plugin)!;
    const asksForKey = payload.length === 1 && payload[0] === keyRequest;
    const isEmpty = payload.length === 0 || (payload.length === 1 && payload[0] === 0);
    if (isEmpty || (asksForKey && this.encrypted === 'client')) return { to: 'server', payload };
    if (!this.bridges) {
      payload.fill(0);
      const reason = 'only one of the two connections is encrypted, and upstream.tls.bridge is off';
      return { refusal: `the password cannot pass: ${reason}` };
    }
    if (this.encrypted === 'client') {
      this.password = payload;
      this.awaited = 'serverKey';
      return { to: 'server', payload: Buffer.from([keyRequest]) };
    }
    if (isClear(payload)) return { to: 'server', payload };
    if (!asksForKey) {
      const remedy = "let it ask for the server's key";
      return { refusal: `the password is encrypted with a key that the client has from elsewhere: ${remedy}` };
    }
    return { wants: 'key' };
  }

  private encrypt(pem: Buffer): Step {
    const password = this.password!;
    this.awaited = 'nothing';
    this.password = null;
    return wiping([password], () => {
      try {
        return { to: 'server', payload: encryptedPassword(withoutNul(password), this.nonce, pem) };
      } catch (error) {
        return { refusal: errorText(error) };
      }
    });
  }

  private decrypt(encrypted: Buffer): Step {
    const payload = decryptedPassword(encrypted, this.nonce, this.ownKey!.privateKey);
    if (payload === null) return { refusal: 'the password is not encrypted with the key that was sent' };
    return { to: 'server', payload };
  }
}

/**
 * The next step after a packet: send this or another packet to one of the peers, call `giveKey` with a key of our own,
 * or refuse the authentication.
 */
export type Step =
  | { readonly to: Peer; readonly payload: Buffer }
  | { readonly wants: 'key' }
  | { readonly refusal: string };

/** The pair of keys with which clients in the clear encrypt their passwords. */
export interface OwnKey {
  readonly publicPem: Buffer;
  readonly privateKey: KeyObject;
}

/** The plugins that encrypt the password on a connection in the clear, with the byte by which each asks for the key. */
const KEY_REQUESTS: ReadonlyMap<string, number> = new Map([['caching_sha2_password', 0x02], ['sha256_password', 0x01]]);
const CACHING_SHA2 = 'caching_sha2_password';
/** These send passwords in clear and know no other way. */
const CLEAR_PLUGINS: ReadonlySet<string> = new Set(['mysql_clear_password', 'dialog']);
/**
 * The plugins that prove a secret and never send it, with the number of packets that a client sends. (MySQL 9.7,
 * sql-common/client_authentication.cc and libmysql/; MariaDB knowledge base, "Authentication Plugins".)
 */
const PROVING_PLUGINS: ReadonlyMap<string, number> = new Map([
  ['mysql_old_password', 1], ['mysql_native_password', 1], [CACHING_SHA2, 1], ['client_ed25519', 1],
  ['authentication_oci_client', 1], ['parsec', 2],
  ['auth_gssapi_client', Infinity], ['authentication_kerberos_client', Infinity],
  ['authentication_windows_client', Infinity],
  ['authentication_fido_client', Infinity], ['authentication_webauthn_client', Infinity],
]);
/**
 * This plugin uses the mechanism that the server names. PLAIN is possible, and sends the password itself: clients of
 * MySQL 8.0 accept every mechanism of Cyrus SASL. (`read_method_name_from_server` in auth_ldap_sasl_client.cc.)
 */
const LDAP_SASL = 'authentication_ldap_sasl_client';
const PROVING_MECHANISMS: ReadonlySet<string> = new Set(['SCRAM-SHA-1', 'SCRAM-SHA-256', 'GSSAPI']);
/** The plugin of a client that names none. (Such a client may use mysql_old_password, which proves as well.) */
const UNNAMED_PLUGIN = 'mysql_native_password';
/** The longest part of a plugin's name in a message. */
const SHOWN_NAME_CHARS = 64;
/** caching_sha2_password: the server needs the password itself. */
const FULL_AUTH = 0x04;

const SERVER_IN_CLEAR = 'the connection to the server is not encrypted';
/** The least size of an encrypted password: that of a 1024-bit key. */
const MIN_ENCRYPTED_BYTES = 128;

/** Whether a client has sent its password itself, though others can read the connection: a NUL follows the password. */
function isClear(payload: Buffer): boolean {
  return payload.length < MIN_ENCRYPTED_BYTES && payload.indexOf(0) === payload.length - 1;
}

function withoutNul(bytes: Buffer): Buffer {
  return bytes.subarray(0, bytes.at(-1) === 0 ? -1 : undefined);
}

/** The next packet that cannot simply pass. */
type Awaited =
  | 'nothing'
  /** The client's next packet holds the password, or asks for a key to encrypt it. */
  | 'password'
  /** The server's next packet is the server's key. */
  | 'serverKey'
  /** The client's next packet is the password, encrypted with our key. */
  | 'encryptedPassword';
