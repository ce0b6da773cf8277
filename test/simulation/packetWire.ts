import * as zlib from 'node:zlib';
import { type Packet, PacketAssembler } from '../../src/demo/packetAssembler.js';
import {
  type Compression, declaredContentBytes, FRAME_HEADER_BYTES, frameBytesAt, frameNumber, storedContent, storedFrame,
} from '../../src/protocol/compression.js';
import { HEADER_BYTES } from '../../src/protocol/framing.js';
import { rawFrame } from '../support/frames.js';
import type { Random } from './world/random.js';
import { deflated, inflated } from './zlibEngines.js';

/** Receives the packets of a connection. */
export interface PacketReader {
  /** A frame has come; its packets follow. */
  framed(number: number): void;
  packet(packet: Packet): void;
}

/** One end of a connection: takes bytes apart into packets, and puts packets into bytes, compressed or not. */
export class PacketWire {
  private readonly assembler = new PacketAssembler(MAX_PACKET_BYTES);
  private compression: Compression | null = null;
  /**
   * The bytes that are not yet a whole packet, before the login has ended; null afterwards. Until then TLS or
   * compression may begin between any two packets.
   */
  private early: Buffer | null = Buffer.alloc(0);
  private hello: { readonly bytes: Buffer, readonly come: (isWell: boolean) => void } | null = null;
  private unframed: Buffer = Buffer.alloc(0);
  /** The number of the next frame that goes out. */
  frameNumber = 0;

  /** @param random chooses how content is framed */
  constructor(private readonly random: Random, private readonly reader: PacketReader) {}

  /** From now on both directions are compressed. */
  compress(compression: Compression): void {
    this.compression = compression;
  }

  get compresses(): boolean {
    return this.compression !== null;
  }

  /** Expects this hello next. */
  awaitHello(bytes: Buffer, come: (isWell: boolean) => void): void {
    this.hello = { bytes, come };
  }

  /** The login has ended: no hello comes from now on. */
  loggedIn(): void {
    this.early = null;
  }

  /** Adds bytes that have come, and that do not change any more. Throws for bytes that are no frames. */
  push(bytes: Buffer): void {
    if (this.early !== null) {
      this.pushEarly(bytes);
      return;
    }
    if (this.compression === null) {
      this.read(bytes);
      return;
    }
    this.unframed = Buffer.concat([this.unframed, bytes]);
    for (let frame = this.takeFrame(); frame !== null; frame = this.takeFrame()) {
      this.reader.framed(frameNumber(frame));
      this.read(storedContent(frame) ?? this.opened(frame));
    }
  }

  /**
   * Packets as they go out, in frames where the connection is compressed.
   * @param isCommand they are one command: drivers put that into one frame
   */
  encode(packets: Buffer, isCommand = false): Buffer {
    if (this.compression === null) return packets;
    const frames: Buffer[] = [];
    for (let at = 0; at < packets.length;) {
      const part = packets.subarray(at, at + (isCommand ? packets.length : this.random.between(1, MAX_FRAME_BYTES)));
      const isStored = part.length < LEAST_COMPRESSED_BYTES || this.random.chance(1 / 8);
      const number = this.frameNumber & 0xff;
      frames.push(isStored ? storedFrame(number, part) : rawFrame(number, part.length, this.packed(part)));
      this.frameNumber += 1;
      at += part.length;
    }
    return Buffer.concat(frames);
  }

  private opened(frame: Buffer): Buffer {
    const body = frame.subarray(FRAME_HEADER_BYTES);
    return this.compression === 'zlib' ? inflated(body, declaredContentBytes(frame)) : ZSTD.zstdDecompressSync!(body);
  }

  private packed(content: Buffer): Buffer {
    return this.compression === 'zlib' ? deflated(content) : ZSTD.zstdCompressSync!(content);
  }

  /** Takes whole packets and hellos out of the bytes that have come. */
  private pushEarly(bytes: Buffer): void {
    let rest = Buffer.concat([this.early!, bytes]);
    while (this.early !== null) {
      const { hello } = this;
      const length = hello?.bytes.length ?? (rest.length < HEADER_BYTES ? HEADER_BYTES : packetBytesAt(rest));
      this.early = rest;
      if (rest.length < length) return;
      const part = rest.subarray(0, length);
      this.early = rest = rest.subarray(length);
      this.hello = null;
      if (hello === null) this.read(part);
      else hello.come(part.equals(hello.bytes));
    }
    if (rest.length > 0) this.push(rest);
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

const packetBytesAt = (bytes: Buffer): number => HEADER_BYTES + bytes.readUIntLE(0, 3);

/** Node's zstd, which exists since Node 22.15. Without it, Sluice lets nobody agree on zstd. */
const ZSTD: {
  readonly inflateSync: unknown,
  readonly zstdCompressSync?: (content: Buffer) => Buffer,
  readonly zstdDecompressSync?: (body: Buffer) => Buffer,
} = zlib;

/** Servers compress no less than this. */
const LEAST_COMPRESSED_BYTES = 50;
const MAX_FRAME_BYTES = 20_000;
const MAX_PACKET_BYTES = 64 * 1024 * 1024;
