import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { connect, createSecureContext, TLSSocket } from 'node:tls';
import { Capability } from '../../src/protocol/capabilities.js';
import { sslRequestFor, withSsl } from '../../src/protocol/sslRequest.js';
import type { Certificate } from './certificates.js';
import { End, type PairedProxy, type Pair } from './pairs.js';
import { BASE_CAPABILITIES, greetingPayload, MYSQL_OFFER, ok, packetsFrom, responsePayload } from './wirePackets.js';

// Both ends of a session with encrypted connections, played by the test.

const SSL_REQUEST_PACKET_BYTES = 36;
const ANSWER = responsePayload({ capabilities: BASE_CAPABILITIES });

/** A session, and the TCP connections under its two connections. */
export interface EncryptedPair extends Pair {
  readonly clientTcp: Socket;
  readonly serverTcp: Socket;
}

export interface Encrypted {
  readonly client: boolean;
  readonly server: boolean;
}

/** Stops listening, and puts the bytes heard after `offset` back into the connection. */
const release = ({ socket, heard }: End, offset: number): void => {
  socket.removeAllListeners('data').pause();
  if (heard.length > offset) socket.unshift(heard.subarray(offset));
};

/** Encrypts a client's end, whose SSLRequest has been sent. */
const encryptClient = async (end: End): Promise<End> => {
  release(end, end.heardBytes);
  const encrypted = connect({ socket: end.socket, rejectUnauthorized: false });
  await once(encrypted, 'secureConnect');
  return new End(encrypted, end.socket);
};

/** Encrypts a server's end, whose client has sent its SSLRequest. */
const encryptServer = async (end: End, { cert, key }: Certificate): Promise<End> => {
  await end.hear(SSL_REQUEST_PACKET_BYTES);
  release(end, SSL_REQUEST_PACKET_BYTES);
  const secureContext = createSecureContext({ cert: readFileSync(cert), key: readFileSync(key) });
  const encrypted = new TLSSocket(end.socket, { isServer: true, secureContext });
  await once(encrypted, 'secure');
  return new End(encrypted, end.socket);
};

/** The sequence id with which a client answers the greeting. */
const answerId = (isEncrypted: boolean): number => (isEncrypted ? 2 : 1);

/**
 * Begins a session up to the client's answer to the greeting. The proxy has to offer and to request TLS as `encrypted`
 * says.
 * @param answer the answer as a client in clear gives it
 */
export const greetedPair = async (
  proxy: PairedProxy, certificate: Certificate, encrypted: Encrypted, answer = ANSWER,
): Promise<EncryptedPair> => {
  const { client, server, address } = await proxy.pair();
  const tcp = { clientTcp: client.socket, serverTcp: server.socket };
  const capabilities = encrypted.server ? MYSQL_OFFER : MYSQL_OFFER & ~Capability.SSL;
  const greeting = packetsFrom(0, greetingPayload({ capabilities }));
  server.say(greeting);
  await client.hear(greeting.length);
  if (encrypted.client) client.say(packetsFrom(1, sslRequestFor(answer)));
  const clientEnd = encrypted.client ? await encryptClient(client) : client;
  clientEnd.say(packetsFrom(answerId(encrypted.client), encrypted.client ? withSsl(answer) : answer));
  const serverEnd = encrypted.server ? await encryptServer(server, certificate) : server;
  await serverEnd.hear(4 + answer.length);
  return { client: clientEnd, server: serverEnd, address, ...tcp };
};

/** Begins a session, and lets the client in. */
export const encryptedPair = async (
  proxy: PairedProxy, certificate: Certificate, encrypted: Encrypted,
): Promise<EncryptedPair> => {
  const pair = await greetedPair(proxy, certificate, encrypted);
  await Dialogue.behindAnswer(pair, encrypted).say('server', ok());
  return pair;
};

/** Packets sent one after the other, with the sequence ids of each connection. */
export class Dialogue {
  private constructor(private readonly pair: Pair, private readonly nextIds: { client: number; server: number }) {}

  /** Continues after `greetedPair`. */
  static behindAnswer(pair: Pair, encrypted: Encrypted): Dialogue {
    return new Dialogue(pair, { client: answerId(encrypted.client) + 1, server: answerId(encrypted.server) + 1 });
  }

  /**
   * Sends a packet, and waits until the other end gets it, or the packet that replaces it.
   * @throws when the other end gets another packet
   */
  async say(from: 'client' | 'server', payload: Buffer, heard = payload): Promise<void> {
    const to = from === 'client' ? 'server' : 'client';
    const became = await this.tell(from, payload, to, 4 + heard.length);
    if (!became.equals(heard)) throw new Error(`the ${to} heard ${became.toString('hex')}`);
  }

  /** Sends a packet, and returns the payload of the packet of `byteCount` bytes that `hearer` gets. */
  async tell(
    from: 'client' | 'server', payload: Buffer, hearer: 'client' | 'server', byteCount: number,
  ): Promise<Buffer> {
    const end = this.pair[hearer];
    const heardBefore = end.heardBytes;
    this.pair[from].say(packetsFrom(this.nextIds[from]++, payload));
    await end.hear(heardBefore + byteCount);
    const packet = end.heard.subarray(heardBefore);
    const id = this.nextIds[hearer]++;
    const heard = packet.toString('latin1');
    if (packet[3] !== id) throw new Error(`the ${hearer} heard sequence id ${packet[3]} for ${id}: ${heard}`);
    return packet.subarray(4);
  }
}
