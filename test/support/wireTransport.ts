import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import * as zlib from 'node:zlib';
import { type Packet, PacketAssembler } from '../../src/demo/packetAssembler.js';
import type { Compression } from '../../src/protocol/compression.js';
import { encodePacket, MAX_PAYLOAD_BYTES } from '../../src/protocol/framing.js';

type Recode = (bytes: Buffer) => Buffer;

/** Node has zstd from 22.15 on. */
interface Codecs {
  readonly deflateSync: (content: Buffer, options: zlib.ZlibOptions) => Buffer;
  readonly inflateSync: Recode;
  readonly zstdCompressSync?: Recode;
  readonly zstdDecompressSync?: Recode;
}
const { deflateSync, inflateSync, zstdCompressSync, zstdDecompressSync }: Codecs = zlib;

const CODECS = {
  zlib: { compress: (content: Buffer) => deflateSync(content, { level: 1 }), open: inflateSync },
  zstd: { compress: zstdCompressSync!, open: zstdDecompressSync! },
} as const;

const MAX_PACKET_BYTES = 1024 ** 3;
const FRAME_HEADER_BYTES = 7;
/** Shorter content is stored, as the servers' own clients do. */
const MIN_DEFLATED_BYTES = 50;

/** The other side has closed before the awaited packet. */
export class ConnectionClosedError extends Error {}

/** Packets over a socket, in compressed frames when agreed on, and every byte that came. */
export class WireTransport {
  private readonly assembler = new PacketAssembler(MAX_PACKET_BYTES);
  private received: Buffer[] = [];
  private compression: Compression | null = null;
  private frameBytes = Buffer.alloc(0);
  private nextFrameNumber = 0;
  /** The server has closed. */
  hasEnded = false;
  private changed: () => void = () => undefined;

  private constructor(readonly socket: Socket) {
    socket.on('data', (bytes: Buffer) => {
      this.received.push(bytes);
      if (this.compression === null) this.assembler.push(bytes);
      else this.openFrames(bytes, this.compression);
      this.changed();
    });
    const end = (): void => {
      this.hasEnded = true;
      this.changed();
    };
    socket.on('end', end);
    socket.on('close', end);
    socket.on('error', end); // a reset
  }

  /** Connects to a port of loopback, or to the path of a Unix socket. */
  static async connect(place: number | string): Promise<WireTransport> {
    const target = typeof place === 'string' ? { path: place } : { port: place, host: '127.0.0.1', noDelay: true };
    const socket = connect(target);
    await once(socket, 'connect');
    return new WireTransport(socket);
  }

  /** Switches both directions to frames. */
  beginFrames(compression: Compression): void {
    this.compression = compression;
  }

  /** Sends commands in one write: each begins its sequence ids with 0. */
  sendCommands(payloads: readonly Buffer[]): void {
    const packets = payloads.map((payload) => packetsOf(payload, 0));
    if (this.compression === null) {
      for (const buffer of packets.flat()) this.socket.write(buffer);
      return;
    }
    for (const buffers of packets) {
      this.nextFrameNumber = 0;
      this.sendFrames(Buffer.concat(buffers), this.compression);
    }
  }

  /** Sends the next payload of an exchange. Returns the sequence id after it. */
  send(payload: Buffer, sequenceId: number): number {
    const buffers = packetsOf(payload, sequenceId);
    if (this.compression === null) for (const buffer of buffers) this.socket.write(buffer);
    else this.sendFrames(Buffer.concat(buffers), this.compression);
    return sequenceId + 1 + Math.floor(payload.length / MAX_PAYLOAD_BYTES);
  }

  /** A packet that has arrived; null when none has. */
  arrived(): Packet | null {
    return this.assembler.next();
  }

  /** The next packet. Throws a ConnectionClosedError if the connection ends first. */
  async packet(): Promise<Packet> {
    for (;;) {
      const packet = this.assembler.next();
      if (packet !== null) return packet;
      if (this.hasEnded) throw new ConnectionClosedError('the server closed the connection');
      await new Promise<void>((resolve) => (this.changed = resolve));
    }
  }

  /** Every byte that has come since the last call. */
  takeReceived(): Buffer {
    const bytes = Buffer.concat(this.received);
    this.received = [];
    return bytes;
  }

  /** Resolves when the server has closed; throws when it sends something first. */
  async serverEnd(): Promise<void> {
    const said = await this.packet().catch((error: unknown) => error);
    if (!(said instanceof ConnectionClosedError)) throw new Error(`the server did not close: ${JSON.stringify(said)}`);
  }

  /** Resolves when the connection is closed, from either side. */
  async closed(): Promise<void> {
    if (!this.socket.closed) await new Promise((resolve) => this.socket.on('close', resolve));
  }

  private sendFrames(packets: Buffer, compression: Compression): void {
    for (let at = 0; at < packets.length; at += MAX_PAYLOAD_BYTES) {
      const content = packets.subarray(at, at + MAX_PAYLOAD_BYTES);
      const isStored = content.length < MIN_DEFLATED_BYTES;
      const body = isStored ? content : CODECS[compression].compress(content);
      const header = Buffer.alloc(FRAME_HEADER_BYTES);
      header.writeUIntLE(body.length, 0, 3);
      header[3] = this.nextFrameNumber & 0xff;
      header.writeUIntLE(isStored ? 0 : content.length, 4, 3);
      this.socket.write(Buffer.concat([header, body]));
      this.nextFrameNumber += 1;
    }
  }

  private openFrames(bytes: Buffer, compression: Compression): void {
    this.frameBytes = Buffer.concat([this.frameBytes, bytes]);
    let at = 0;
    while (this.frameBytes.length - at >= FRAME_HEADER_BYTES) {
      const end = at + FRAME_HEADER_BYTES + this.frameBytes.readUIntLE(at, 3);
      if (end > this.frameBytes.length) break;
      const body = this.frameBytes.subarray(at + FRAME_HEADER_BYTES, end);
      const contentBytes = this.frameBytes.readUIntLE(at + 4, 3);
      const content = contentBytes === 0 ? Buffer.from(body) : CODECS[compression].open(body);
      if (contentBytes !== 0 && content.length !== contentBytes) {
        throw new Error('a frame does not hold what it declares');
      }
      this.nextFrameNumber = this.frameBytes[at + 3]! + 1;
      this.assembler.push(content);
      at = end;
    }
    this.frameBytes = Buffer.from(this.frameBytes.subarray(at));
  }
}

/** The packets of a payload. Headers and parts of a long one are separate buffers, so that nothing large is copied. */
const packetsOf = (payload: Buffer, sequenceId: number): Buffer[] => {
  if (payload.length < MAX_PAYLOAD_BYTES) return [encodePacket(sequenceId, payload)];
  const buffers: Buffer[] = [];
  for (let at = 0; at <= payload.length; at += MAX_PAYLOAD_BYTES, sequenceId += 1) {
    const part = payload.subarray(at, at + MAX_PAYLOAD_BYTES);
    const header = Buffer.from([0, 0, 0, sequenceId & 0xff]);
    header.writeUIntLE(part.length, 0, 3);
    buffers.push(header, part);
  }
  return buffers;
};
