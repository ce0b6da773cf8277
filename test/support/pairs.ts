import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { onPeerEnd } from '../../src/relay/flow/socketEnd.js';
import type { Turn } from './conversationHarness.js';
import { startProxyHere, type ProxyHere, type ProxySettings } from './inProcess.js';

/** Waits for `what` at most this long. Returns whether it came in time. */
export const within = async (what: Promise<unknown>, patienceMs: number): Promise<boolean> => {
  const patience = new AbortController();
  const late = delay(patienceMs, false, { signal: patience.signal }).catch(() => false);
  const isInTime = await Promise.race([what.then(() => true), late]);
  patience.abort();
  return isInTime;
};

/** One end of a session over a real connection. It sends the test's bytes, and keeps the bytes that it receives. */
export class End {
  private pieces: Buffer[] = [];
  heardBytes = 0;
  /** Whether the other side has closed its sending side (FIN). */
  hasHeardEnd = false;
  isClosed = false;
  /** The error that ended the connection, such as ECONNRESET; null for a FIN. */
  error: string | null = null;
  private wake: () => void = () => undefined;

  /**
   * Takes a socket.
   * @param connection the connection under an encrypted socket
   */
  constructor(readonly socket: Socket, connection = socket) {
    socket.on('data', (bytes: Buffer) => {
      this.pieces.push(bytes);
      this.heardBytes += bytes.length;
      this.wake();
    });
    socket.on('error', ({ code, message }: NodeJS.ErrnoException) => (this.error = code ?? message));
    onPeerEnd(socket, () => {
      this.hasHeardEnd = true;
      this.wake();
    }, connection);
    socket.on('close', () => {
      this.isClosed = true;
      this.wake();
    });
  }

  get heard(): Buffer {
    return Buffer.concat(this.pieces);
  }

  /** Forgets the bytes that it has received so far. */
  forget(): void {
    this.pieces = [];
    this.heardBytes = 0;
  }

  say(bytes: Buffer): void {
    this.socket.write(bytes);
  }

  /**
   * Waits until a condition holds. It is checked whenever bytes were heard, or the other side or the connection ended.
   */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => (this.wake = resolve));
  }

  /**
   * Waits until this many bytes were heard in all, or the other side has ended.
   * @param patienceMs the longest wait; without end when it is left out
   * @returns whether they were heard
   */
  async hear(byteCount: number, patienceMs = Infinity): Promise<boolean> {
    const heard = this.until(() => this.heardBytes >= byteCount || this.hasHeardEnd || this.isClosed);
    await (patienceMs === Infinity ? heard : within(heard, patienceMs));
    return this.heardBytes >= byteCount;
  }

  /** Waits until the other side has ended. Returns how: `FIN`, or an error such as `ECONNRESET`. */
  async ended(): Promise<string> {
    await this.until(() => this.hasHeardEnd || this.isClosed);
    return this.error ?? 'FIN';
  }
}

/** The two ends of one session, on both sides of a proxy. */
export interface Pair {
  readonly client: End;
  readonly server: End;
  /** The client's address in the form of the log. */
  readonly address: string;
}

/** A server whose connections the test plays, each matched with its client. */
export class PairedServer {
  private accepted: ((socket: Socket) => void) | null = null;
  private turn: Promise<unknown> = Promise.resolve();
  private readonly open = new Set<Socket>();

  private constructor(private readonly server: Server) {
    server.on('connection', (socket: Socket) => {
      if (this.accepted) this.accepted(socket);
      else socket.destroy(); // its client is already gone
    });
  }

  static async listen(): Promise<PairedServer> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new PairedServer(server);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /**
   * Connects a client to the proxy on `port`. Returns it with the connection that the proxy makes for it.
   * @param localPort the client's port; any free one when it is left out
   */
  pair(port: number, localPort?: number): Promise<Pair> {
    // One at a time, so that both connections match.
    const pair = this.turn.then(() => this.connect(port, localPort));
    this.turn = pair.catch(() => undefined);
    return pair;
  }

  /** Ends all connections. */
  async stop(): Promise<void> {
    for (const socket of this.open) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private async connect(port: number, localPort?: number): Promise<Pair> {
    const accepted = new Promise<Socket>((resolve) => (this.accepted = resolve));
    const localAddress = localPort === undefined ? undefined : '127.0.0.1';
    const client = connect({ host: '127.0.0.1', port, allowHalfOpen: true, noDelay: true, localPort, localAddress });
    const [server] = await Promise.all([accepted, once(client, 'connect')]);
    this.accepted = null;
    for (const socket of [client, server]) {
      this.open.add(socket);
      socket.on('close', () => this.open.delete(socket));
    }
    return { client: new End(client), server: new End(server), address: `127.0.0.1:${client.localPort}` };
  }
}

/** A proxy in this process. The test plays both sides. */
export class PairedProxy {
  private constructor(private readonly server: PairedServer, readonly here: ProxyHere) {}

  /**
   * Starts it.
   * @param config the proxy's settings without its addresses
   */
  static async start(config: ProxySettings = {}): Promise<PairedProxy> {
    const server = await PairedServer.listen();
    return new PairedProxy(server, await startProxyHere(server.port, config));
  }

  /**
   * Begins a session.
   * @param listener the index of the proxy's listener
   * @param localPort the client's port; any free one when it is left out
   */
  pair(listener = 0, localPort?: number): Promise<Pair> {
    return this.server.pair(this.here.ports[listener]!, localPort);
  }

  /** Ends the proxy and all connections. */
  async stop(): Promise<void> {
    await this.here.stop();
    await this.server.stop();
  }
}

/** Sends the turns of the two ends, each after the turns before it were heard. */
export const converseOver = async ({ client, server }: Pair, turns: readonly Turn[]): Promise<void> => {
  for (const { from, bytes } of turns) {
    const [speaker, hearer] = from === 'client' ? [client, server] : [server, client];
    const heardBefore = hearer.heardBytes;
    speaker.say(bytes);
    if (!await hearer.hear(heardBefore + bytes.length)) throw new Error(`what the ${from} said was not heard`);
  }
};
