import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type Packet, PacketAssembler } from '../../src/demo/packetAssembler.js';
import { Capability, commonHalf } from '../../src/protocol/capabilities.js';
import { encodePacket } from '../../src/protocol/framing.js';
import { FirstByte } from '../../src/protocol/packets.js';

/** The capabilities of every raw client; a test adds its own. */
const BASE_CAPABILITIES = Capability.LONG_PASSWORD | Capability.PROTOCOL_41 |
  Capability.SECURE_CONNECTION;

/** A port of this host, or a Unix socket. */
export type Destination = number | { readonly path: string };

/** A connection of which the test sends and sees every packet. */
export class RawClient {
  readonly #assembler = new PacketAssembler(1024 ** 3);
  readonly #chunks: AsyncIterator<Buffer>;

  private constructor(readonly socket: Socket) {
    this.#chunks = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  /** Connects and sends nothing. */
  static async connect(to: Destination): Promise<RawClient> {
    const socket = connect({ ...(typeof to === 'number' ? { host: '127.0.0.1', port: to } : to), noDelay: true });
    await once(socket, 'connect');
    return new RawClient(socket);
  }

  /** Connects and logs in with these capabilities beside the base ones. */
  static async login(to: Destination, capabilities = 0n): Promise<RawClient> {
    const client = await RawClient.connect(to);
    await client.packet();
    const response = Buffer.alloc(32 + 6);
    response.writeUInt32LE(commonHalf(BASE_CAPABILITIES | capabilities), 0);
    response.write('demo', 32);
    client.send(response, 1);
    const { payload } = await client.packet();
    if (payload[0] !== FirstByte.OK) throw new Error(`not let in: ${payload.toString('latin1')}`);
    return client;
  }

  /** Sends one packet. */
  send(payload: Buffer, sequenceId = 0): void {
    this.socket.write(encodePacket(sequenceId, payload));
  }

  /** Sends a command: its byte and what follows. */
  command(code: number, rest: Buffer | string = ''): void {
    this.send(Buffer.concat([Buffer.from([code]), Buffer.from(rest)]));
  }

  /** The next packet; throws when the connection ends first. */
  async packet(): Promise<Packet> {
    for (;;) {
      const packet = this.#assembler.next();
      if (packet !== null) return packet;
      const { value, done } = await this.#chunks.next();
      if (done === true) throw new Error('the server closed the connection');
      this.#assembler.push(value);
    }
  }

  /** The next `count` packets. */
  async packets(count: number): Promise<Packet[]> {
    const packets: Packet[] = [];
    while (packets.length < count) packets.push(await this.packet());
    return packets;
  }

  close(): void {
    this.socket.destroy();
  }
}
