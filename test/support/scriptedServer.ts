import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Test } from 'tap';
import { greetingPayload, ResponseEncoder } from '../../src/demo/encode.js';
import { AUTH_PLUGIN, newScramble, readLogin, SERVER_CAPABILITIES } from '../../src/demo/login.js';
import { type Packet, PacketAssembler } from '../../src/demo/packetAssembler.js';
import { encodePacket } from '../../src/protocol/framing.js';

// A server that a test scripts byte by byte, for what no real server does on demand.

/** Long enough for the other side to read what was sent before; no event says when it has. */
const SPLIT_PAUSE_MS = 5;
const MAX_PACKET_BYTES = 1024 ** 3;

export interface GreetingOptions {
  readonly serverVersion?: string;
  readonly connectionId?: number;
  readonly capabilities?: bigint;
  readonly authPlugin?: string;
}

/** One accepted connection of a script. */
export class ScriptedConnection {
  /** Everything that the client has sent. */
  received = Buffer.alloc(0);
  /** Resolves when the connection is closed, by either side. */
  readonly closed: Promise<void>;
  readonly #assembler = new PacketAssembler(MAX_PACKET_BYTES);
  #isEnded = false;
  #changed: () => void = () => undefined;

  constructor(readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => {
      this.received = Buffer.concat([this.received, chunk]);
      this.#assembler.push(chunk);
      this.#changed();
    });
    const end = (): void => {
      this.#isEnded = true;
      this.#changed();
    };
    socket.on('end', end);
    socket.on('error', end); // the client has reset the connection
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        end();
        resolve();
      });
    });
  }

  /** The client's next whole packet, or null when it ends the connection first. */
  async packet(): Promise<Packet | null> {
    for (;;) {
      const packet = this.#assembler.next();
      if (packet !== null || this.#isEnded) return packet;
      await new Promise<void>((resolve) => (this.#changed = resolve));
    }
  }

  /** Sends bytes in one write. */
  send(bytes: Buffer): void {
    this.socket.write(bytes);
  }

  /** Sends bytes in pieces of these sizes, the last size again and again, so that each arrives on its own. */
  async sendSplit(bytes: Buffer, ...sizes: readonly number[]): Promise<void> {
    for (let offset = 0, piece = 0; offset < bytes.length; piece += 1) {
      const end = offset + (sizes[piece] ?? sizes.at(-1) ?? 1);
      this.socket.write(bytes.subarray(offset, end));
      offset = end;
      await delay(SPLIT_PAUSE_MS);
    }
  }

  /** The packet with which a server begins. */
  greet(options: GreetingOptions = {}): void {
    this.send(encodePacket(0, greetingPayload({
      serverVersion: '8.0.0-scripted',
      connectionId: 1,
      capabilities: SERVER_CAPABILITIES,
      authPlugin: AUTH_PLUGIN,
      scramble: newScramble(),
      ...options,
    })));
  }

  /**
   * Greets and accepts the client's login. Returns an encoder for the response to its first command, or null when it
   * left.
   */
  async login(options: GreetingOptions = {}): Promise<ResponseEncoder | null> {
    this.greet(options);
    const packet = await this.packet();
    const login = packet && readLogin(packet.payload);
    if (!login) return null;
    this.send(new ResponseEncoder(login.capabilities, packet.sequenceId + 1).ok(0x0002));
    return new ResponseEncoder(login.capabilities, 1);
  }

  /** Ends the connection as a server does that has sent everything (FIN). */
  end(): void {
    this.socket.end();
  }

  /** Resets the connection (RST); bytes that the kernel has not sent are lost. */
  reset(): void {
    this.socket.resetAndDestroy();
  }
}

export interface ScriptedServer {
  readonly port: number;
  /** In the order in which they were accepted. */
  readonly connections: readonly ScriptedConnection[];
}

/** Listens on a free loopback port and runs `script` for each connection. Ends with `t`. */
export const startScriptedServer = async (
  t: Test, script: (connection: ScriptedConnection) => Promise<void> | void,
): Promise<ScriptedServer> => {
  const connections: ScriptedConnection[] = [];
  const listener = createServer({ noDelay: true, allowHalfOpen: true }, async (socket) => {
    const connection = new ScriptedConnection(socket);
    connections.push(connection);
    try {
      await script(connection);
    } catch (error) {
      t.fail(`the script of connection ${connections.indexOf(connection) + 1} failed`, { found: error });
    }
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  t.teardown(() => {
    listener.close();
    for (const { socket } of connections) socket.destroy();
  });
  return { port: (listener.address() as AddressInfo).port, connections };
};
