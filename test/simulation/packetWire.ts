import { inflateSync } from 'node:zlib';
import { type Packet, PacketAssembler } from '../../src/demo/packetAssembler.js';
import {
  FRAME_HEADER_BYTES, frameBytesAt, frameNumber, storedContent, storedFrame,
} from '../../src/protocol/compression.js';
import { deflatedFrame } from '../support/frames.js';
import type { Random } from './world/random.js';

/** Takes what comes on a connection. */
export interface PacketReader {
  /** A frame has come; its packets follow. */
  framed(number: number): void;
  packet(packet: Packet): void;
}

/** One end of a connection: takes bytes apart into packets, and puts packets into bytes, compressed or not. */
export class PacketWire {
  private readonly assembler = new PacketAssembler(MAX_PACKET_BYTES);
  private isCompressed = false;
  private unframed: Buffer = Buffer.alloc(0);
  /** The number of the next frame that goes out. */
  frameNumber = 0;

  /** @param random chooses how content is framed */
  constructor(private readonly random: Random, private readonly reader: PacketReader) {}

  /** From now on both directions are compressed. */
  compress(): void {
    this.isCompressed = true;
  }

  get compresses(): boolean {
    return this.isCompressed;
  }

  /** Adds bytes that have come. Throws for bytes that are no frames. */
  push(bytes: Buffer): void {
    if (!this.isCompressed) {
      this.read(Buffer.from(bytes));
      return;
    }
    this.unframed = Buffer.concat([this.unframed, bytes]);
    for (let frame = this.takeFrame(); frame !== null; frame = this.takeFrame()) {
      this.reader.framed(frameNumber(frame));
      this.read(Buffer.from(storedContent(frame) ?? inflateSync(frame.subarray(FRAME_HEADER_BYTES))));
    }
  }

  /**
   * Packets as they go out, in frames where the connection is compressed.
   * @param isCommand they are one command: drivers put that into one frame
   */
  encode(packets: Buffer, isCommand = false): Buffer {
    if (!this.isCompressed) return packets;
    const frames: Buffer[] = [];
    for (let at = 0; at < packets.length;) {
      const part = packets.subarray(at, at + (isCommand ? packets.length : this.random.between(1, MAX_FRAME_BYTES)));
      const isStored = part.length < LEAST_COMPRESSED_BYTES || this.random.chance(1 / 8);
      frames.push((isStored ? storedFrame : deflatedFrame)(this.frameNumber & 0xff, part));
      this.frameNumber += 1;
      at += part.length;
    }
    return Buffer.concat(frames);
  }

  private read(bytes: Buffer): void {
    this.assembler.push(bytes);
    for (let packet = this.assembler.next(); packet !== null; packet = this.assembler.next()) {
      this.reader.packet(packet);
    }
  }

  private takeFrame(): Buffer | null {
    const length = frameBytesAt(this.unframed, 0);
    if (length === null || this.unframed.length < length) return null;
    const frame = this.unframed.subarray(0, length);
    this.unframed = this.unframed.subarray(length);
    return frame;
  }
}

/** Servers compress no less than this. */
const LEAST_COMPRESSED_BYTES = 50;
const MAX_FRAME_BYTES = 20_000;
const MAX_PACKET_BYTES = 64 * 1024 * 1024;
