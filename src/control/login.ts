import {
  decodeAuthSwitch, startAuth, type AuthExchange, type AuthSwitch, type Secret,
} from '../protocol/auth/exchange.js';
import { Capability } from '../protocol/capabilities.js';
import { decodeGreeting, type Greeting } from '../protocol/greeting.js';
import { encodeHandshakeResponse, encodeSslRequest } from '../protocol/handshakeResponse.js';
import { FirstByte } from '../protocol/packets.js';
import type { Encrypt, PacketChannel } from './packetChannel.js';
import { ServerRefusal } from './serverRefusal.js';

/**
 * Goes through the connection phase, from the greeting to the server's OK.
 * @param encrypt puts TLS on the connection; null means no encryption
 * @param greeted is called with the greeting, before the answer to it
 * @throws ServerRefusal if the server refuses all logins or this one; Error if it cannot be understood
 */
export async function logIn(
  channel: PacketChannel, account: Account, encrypt: Encrypt | null, greeted?: Greeted,
): Promise<Greeting> {
  const greeting = await readGreeting(channel);
  await greeted?.(greeting);
  if ((greeting.capabilities & REQUIRED) !== REQUIRED) throw new Error('the server is older than MySQL 5.5');
  const offersTls = (greeting.capabilities & Capability.SSL) !== 0n;
  if (encrypt?.isRequired && !offersTls) throw new Error('the server offers no TLS');
  const isEncrypted = encrypt !== null && offersTls;
  const login = {
    capabilities: (greeting.capabilities & WANTED) | (isEncrypted ? Capability.SSL : 0n),
    maxPacketBytes: MAX_PACKET_BYTES,
    collation: COLLATION_UTF8MB4_GENERAL_CI,
    user: account.user,
    attributes: ATTRIBUTES,
  };
  if (isEncrypted) {
    channel.send(encodeSslRequest(login));
    await channel.encrypt(encrypt);
  }
  const secret = { password: Buffer.from(account.password), isConfidential: isEncrypted || channel.isLocal };
  try {
    const [authPlugin, exchange] = firstExchange(greeting, secret);
    channel.send(encodeHandshakeResponse({ ...login, authPlugin, authResponse: exchange.firstAnswer }));
    await authenticate(channel, exchange, secret);
  } finally {
    secret.password.fill(0);
  }
  return greeting;
}

/** Takes a server's greeting. */
export type Greeted = (greeting: Greeting) => void | Promise<void>;

/** An account on the upstream server. */
export interface Account {
  readonly user: string;
  readonly password: string;
}

/** Capabilities that Sluice needs. Both servers have had them since MySQL 5.5. */
const REQUIRED = Capability.PROTOCOL_41 | Capability.SECURE_CONNECTION | Capability.PLUGIN_AUTH;
/**
 * Capabilities that Sluice uses if the server offers them. LONG_PASSWORD says that MariaDB's own bits are not used.
 * Without the others, answers stay simple: results with EOF packets, one at a time, without session tracking,
 * compression or LOCAL INFILE.
 */
const WANTED = REQUIRED | Capability.LONG_PASSWORD | Capability.PLUGIN_AUTH_LENENC_CLIENT_DATA |
  Capability.CONNECT_ATTRS;

const MAX_PACKET_BYTES = 1024 * 1024;
const COLLATION_UTF8MB4_GENERAL_CI = 45;
/** Shows in the server's list of connections that this one is Sluice's. */
const ATTRIBUTES: ReadonlyMap<string, string> = new Map([['program_name', 'sluice']]);
/** The plugin to offer if Sluice does not know the one in the greeting. */
const DEFAULT_PLUGIN = 'mysql_native_password';
/** Enough for a switch, a request for the key, the key and the end, twice. */
const MAX_ROUNDS = 8;

async function readGreeting(channel: PacketChannel): Promise<Greeting> {
  const payload = await channel.receive();
  if (payload[0] === FirstByte.ERR) throw new ServerRefusal(payload);
  const greeting = decodeGreeting(payload);
  if (greeting === null) throw new Error('the server began with a packet that is no greeting of protocol 10');
  return greeting;
}

/** Begins with the plugin of the greeting, or else with the default. */
function firstExchange({ authPlugin, scramble: nonce }: Greeting, secret: Secret): [string, AuthExchange] {
  const exchange = startAuth({ plugin: authPlugin, nonce }, secret);
  if (exchange !== null) return [authPlugin, exchange];
  return [DEFAULT_PLUGIN, begin({ plugin: DEFAULT_PLUGIN, nonce }, secret)];
}

async function authenticate(channel: PacketChannel, first: AuthExchange, secret: Secret): Promise<void> {
  let exchange = first;
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const payload = await channel.receive();
    switch (payload[0]) {
      case FirstByte.OK:
        return;
      case FirstByte.ERR:
        throw new ServerRefusal(payload);
      case FirstByte.EOF:
        exchange = begin(decodeAuthSwitch(payload), secret);
        channel.send(exchange.firstAnswer);
        break;
      case FirstByte.AUTH_MORE_DATA: {
        const answer = exchange.answer(payload.subarray(1));
        if (answer !== null) channel.send(answer);
        break;
      }
      default:
        throw new Error('the server asked for a further factor of authentication, or for something unknown');
    }
  }
  throw new Error('the server asked for too many rounds of authentication');
}

function begin(wanted: AuthSwitch, secret: Secret): AuthExchange {
  const exchange = startAuth(wanted, secret);
  if (exchange !== null) return exchange;
  const plugin = JSON.stringify(wanted.plugin.slice(0, 64));
  const remedy = 'give it mysql_native_password, caching_sha2_password or ed25519';
  throw new Error(`the account authenticates with ${plugin}, which Sluice does not know; ${remedy}`);
}
