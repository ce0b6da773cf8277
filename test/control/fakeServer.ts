import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { Test } from 'tap';
import { greetingPayload, ResponseEncoder } from '../../src/demo/encode.js';
import { SERVER_CAPABILITIES } from '../../src/demo/login.js';
import { ColumnType } from '../../src/demo/relation.js';
import { encodePacket, HEADER_BYTES } from '../../src/protocol/framing.js';
import { encodeLenencString } from '../../src/protocol/lenenc.js';
import { PacketSplitter } from '../../src/protocol/packetSplitter.js';
import { Status } from '../../src/protocol/status.js';

/** A client of a fake server, packet by packet. */
export class Peer {
  private readonly splitter = new PacketSplitter();
  private wake = (): void => undefined;

  constructor(readonly socket: Socket) {
    socket.on('error', () => undefined);
    socket.on('readable', () => this.wake()).on('close', () => this.wake());
  }

  send(sequenceId: number, payload: Buffer | string): void {
    this.socket.write(encodePacket(sequenceId, Buffer.from(payload)));
  }

  /** The payload of the client's next packet; null when it has closed. */
  async receive(): Promise<Buffer | null> {
    for (;;) {
      const packet = this.splitter.next();
      if (packet !== null) return packet.subarray(HEADER_BYTES);
      const chunk = this.socket.read() as Buffer | null;
      if (chunk !== null) this.splitter.add(chunk);
      else if (this.socket.readableEnded || this.socket.destroyed) return null;
      else await new Promise<void>((resolve) => { this.wake = resolve; });
    }
  }

  greet(authPlugin = 'mysql_native_password', capabilities = SERVER_CAPABILITIES): void {
    this.send(0, greetingPayload({
      serverVersion: '8.0.0-fake', connectionId: 7, capabilities, authPlugin,
      scramble: Buffer.from('12345678901234567890'),
    }));
  }

  ok(sequenceId: number): void {
    this.socket.write(new ResponseEncoder(0n, sequenceId).ok(Status.AUTOCOMMIT));
  }

  /** Greets, and accepts any login. */
  async letIn(): Promise<void> {
    this.greet();
    await this.receive();
    this.ok(2);
  }

  /** The client's next statement; null when it has closed or quit. */
  async statement(): Promise<string | null> {
    const payload = await this.receive();
    return payload === null || payload[0] !== 3 ? null : payload.toString('utf8', 1);
  }

  /** Answers with a result of one row. */
  row(values: readonly string[]): void {
    const encoder = new ResponseEncoder(0n, 1);
    const type = ColumnType.VAR_STRING;
    const columns = values.map((_, i) => ({ name: `c${i}`, table: '', type, maxBytes: 100 }));
    const row = Buffer.concat(values.map(encodeLenencString));
    this.socket.write(Buffer.concat([
      encoder.resultSetHead(columns, 0), encoder.packet(row), encoder.terminator(0),
    ]));
  }
}

/** The behaviour of a fake server towards each client. */
export type Script = (peer: Peer) => void | Promise<void>;

export interface FakeServer {
  readonly port: number;
  /** The clients in the order in which they connected. */
  readonly peers: Peer[];
}

/** Starts a server that runs `script` for each client; it ends with the test. */
export const startFakeServer = async (t: Test, script: Script): Promise<FakeServer> => {
  const peers: Peer[] = [];
  const server = createServer((socket) => {
    const peer = new Peer(socket);
    peers.push(peer);
    void script(peer);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    peers.forEach(({ socket }) => socket.destroy());
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, peers };
};
