import type { KeyObject } from 'node:crypto';
import { carriedAnswer, withoutAnswer } from '../protocol/auth/carriedAnswer.js';
import { decodeAuthSwitch } from '../protocol/auth/exchange.js';
import { decryptedPassword, encryptedPassword } from '../protocol/auth/password.js';
import { wiping } from '../protocol/auth/scrambles.js';
import { FirstByte } from '../protocol/packets.js';
import type { Peer } from '../protocol/peer.js';
import { errorText } from '../text/errorText.js';

// Plugins that prove a secret without sending it pass as they are. Two plugins send the password itself: in clear on an
// encrypted connection, and encrypted with the server's RSA key on a connection in the clear. Where only one of the two
// connections is encrypted, Sluice turns one form into the other:
//
//     client encrypted, server in the clear   password -> we fetch the server's key -> encrypted password
//     client in the clear, server encrypted   we give a key of our own -> encrypted password -> password
//
// A client on an encrypted connection sends whatever the server asks for. So a packet passes to a server in the clear
// only where a plugin that proves without sending expects it.

/** Follows one authentication, packet by packet, where only one of the two connections is encrypted. */
export class AuthBridge {
  private plugin = '';
  /** How many more packets the plugin's client sends to prove its secret. */
  private proofsLeft = 0;
  private awaited: Awaited = 'nothing';
  /** The password as the client sent it: with a NUL at its end. */
  private password: Buffer | null = null;
  private ownKey: OwnKey | null = null;

  /**
   * @param encrypted the peer whose connection is encrypted; null where both are: then every packet passes
   * @param bridges whether passwords may be converted; where not, such an authentication is refused
   * @param nonce the greeting's
   */
  constructor(
    private readonly encrypted: Peer | null,
    private readonly bridges: boolean,
    private nonce: Buffer,
  ) {}

  /**
   * Takes the packet that begins the authentication: a HandshakeResponse41, or a COM_CHANGE_USER. An answer in it that
   * may not pass as it is is left out, and the server has to ask for it again.
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

  /** Takes a packet of the server's. */
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

  /** Takes a packet of the client's; what it holds of a password is overwritten. */
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

  /** Goes on with a key of our own. Most authentications need none, and making one takes long. */
  giveKey(key: OwnKey): Step {
    this.ownKey = key;
    this.awaited = 'encryptedPassword';
    return { to: 'client', payload: Buffer.concat([Buffer.from([FirstByte.AUTH_MORE_DATA]), key.publicPem]) };
  }

  /** Overwrites what is known of the password. */
  forget(): void {
    this.password?.fill(0);
    this.password = null;
    this.awaited = 'nothing';
  }

  private use(plugin: string): void {
    this.plugin = plugin;
    this.proofsLeft = PROVING_PLUGINS.get(plugin) ?? 0;
  }

  /** Whether the answer that comes with the first packet may pass as it is. */
  private mayCarry(isUserChange: boolean): boolean {
    const { plugin } = this;
    // Its answer to the greeting is a scramble, whatever the connection; which nonce a server that is asked to change
    // the user goes on with, only its own request tells.
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
    // Clients look at no more than this byte.
    if (this.plugin === CACHING_SHA2 && payload[1] === FULL_AUTH) this.awaited = 'password';
    return { to: 'client', payload };
  }

  /** The password in clear, a request for a key, or nothing but a NUL: no password. */
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
 * What to do with a packet: send one on, perhaps another one and back to where it came from; go on with `giveKey` once
 * there is a key of our own; or end it all.
 */
export type Step =
  | { readonly to: Peer; readonly payload: Buffer }
  | { readonly wants: 'key' }
  | { readonly refusal: string };

/** The pair that clients without encryption encrypt their passwords with. */
export interface OwnKey {
  readonly publicPem: Buffer;
  readonly privateKey: KeyObject;
}

/** The plugins whose password is encrypted on a connection that is not, and how each asks for the key to do so. */
const KEY_REQUESTS: ReadonlyMap<string, number> = new Map([['caching_sha2_password', 0x02], ['sha256_password', 0x01]]);
const CACHING_SHA2 = 'caching_sha2_password';
/** These send passwords in clear and know no other way. */
const CLEAR_PLUGINS: ReadonlySet<string> = new Set(['mysql_clear_password', 'dialog']);
/**
 * The plugins that prove a secret and never send it, with how many packets of each a client sends. (MySQL 9.7,
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
 * Does what the mechanism does that the server names in its request, PLAIN as well, which sends the password itself:
 * clients of MySQL 8.0 take any that Cyrus SASL has. (`read_method_name_from_server` in auth_ldap_sasl_client.cc.)
 */
const LDAP_SASL = 'authentication_ldap_sasl_client';
const PROVING_MECHANISMS: ReadonlySet<string> = new Set(['SCRAM-SHA-1', 'SCRAM-SHA-256', 'GSSAPI']);
/** What a client that names no plugin uses, or mysql_old_password, which proves as well. */
const UNNAMED_PLUGIN = 'mysql_native_password';
/** How much of a plugin's name a message repeats. */
const SHOWN_NAME_CHARS = 64;
/** Of caching_sha2_password: the server needs the password itself. */
const FULL_AUTH = 0x04;

const SERVER_IN_CLEAR = 'the connection to the server is not encrypted';
/** The least size of an encrypted password: that of a 1024-bit key. */
const MIN_ENCRYPTED_BYTES = 128;

/** Whether a client has sent its password as it is, though others can read the connection: the NUL is at its end. */
function isClear(payload: Buffer): boolean {
  return payload.length < MIN_ENCRYPTED_BYTES && payload.indexOf(0) === payload.length - 1;
}

function withoutNul(bytes: Buffer): Buffer {
  return bytes.subarray(0, bytes.at(-1) === 0 ? -1 : undefined);
}

/** The next packet that needs more than being passed on. */
type Awaited =
  | 'nothing'
  /** The client's next packet has the password in it, or asks for a key to encrypt it with. */
  | 'password'
  /** The server's next packet is its key. */
  | 'serverKey'
  /** The client's next packet is its password, encrypted with our key. */
  | 'encryptedPassword';
