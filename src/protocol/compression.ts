import * as zlib from 'node:zlib';
import { Capability } from './capabilities.js';
import { inflateExactly } from './inflate.js';

/** What bodies are compressed with: each body stands alone. */
export type Compression = 'zlib' | 'zstd';

/**
 * The compressed protocol: behind the OK that ends the connection phase, both directions are cut into frames.
 *
 *     int<3> body length | int<1> frame number | int<3> content length | body        (little-endian)
 *
 * The body is the content, compressed; where the content length is 0, the body is the content as it is. The contents
 * joined are the ordinary stream of packets, and a frame may begin and end anywhere in it. Three bytes bound both
 * lengths. (MySQL manual, "Compression"; MariaDB knowledge base, "0-packet"; seen: MySQL 9.7, MariaDB 10.11.)
 */
export const FRAME_HEADER_BYTES = 7;

/** The most that one frame can hold. */
export const MAX_CONTENT_BYTES = 0xff_ffff;

const NUMBER_OFFSET = 3;
const CONTENT_LENGTH_OFFSET = 4;

type OpenNow = (body: Buffer, options: zlib.ZlibOptions) => Buffer;
type Opened = (error: Error | null, content: Buffer) => void;
type OpenLater = (body: Buffer, options: zlib.ZlibOptions, opened: Opened) => void;

/** Node has zstd from 22.15 on. */
interface Decompressors {
  readonly inflate: OpenLater;
  readonly zstdDecompressSync?: OpenNow;
  readonly zstdDecompress?: OpenLater;
}
const { inflate, zstdDecompressSync, zstdDecompress }: Decompressors = zlib;

/** The capability flags of all compressions that can be opened here. */
export const OPENABLE_COMPRESSIONS: bigint =
  Capability.COMPRESS | (zstdDecompressSync === undefined ? 0n : Capability.ZSTD_COMPRESSION_ALGORITHM);

/** The compression that capability flags in effect mean; null for none. Of both, servers take zlib. */
export function compressionOf(capabilities: bigint): Compression | null {
  if (capabilities & Capability.COMPRESS) return 'zlib';
  return capabilities & Capability.ZSTD_COMPRESSION_ALGORITHM ? 'zstd' : null;
}

/** How many bytes the frame that begins at `offset` has, header included; null where its length is not there. */
export function frameBytesAt(bytes: Buffer, offset: number): number | null {
  return bytes.length - offset < 3 ? null : FRAME_HEADER_BYTES + bytes.readUIntLE(offset, 3);
}

/** A frame's number: 0 for the first frame of a command, then counted through both directions, modulo 256. */
export function frameNumber(frame: Buffer): number {
  return frame[NUMBER_OFFSET]!;
}

/** Gives a frame another number, in place. */
export function renumber(frame: Buffer, number: number): void {
  frame[NUMBER_OFFSET] = number;
}

/** The content of a frame whose body is stored as it is, a view; null where it is compressed. */
export function storedContent(frame: Buffer): Buffer | null {
  return declaredContentBytes(frame) === 0 ? frame.subarray(FRAME_HEADER_BYTES) : null;
}

/** How many bytes of content a compressed frame declares. */
export function declaredContentBytes(frame: Buffer): number {
  return frame.readUIntLE(CONTENT_LENGTH_OFFSET, 3);
}

/** A frame with its content stored as it is. `content` has at most `MAX_CONTENT_BYTES`. */
export function storedFrame(number: number, content: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(FRAME_HEADER_BYTES + content.length);
  frame.writeUIntLE(content.length, 0, 3);
  frame[NUMBER_OFFSET] = number;
  frame.writeUIntLE(0, CONTENT_LENGTH_OFFSET, 3);
  content.copy(frame, FRAME_HEADER_BYTES);
  return frame;
}

/**
 * Decompresses a frame at once. Never allocates more than the frame declares.
 * @returns null where the body does not yield exactly the bytes that are declared
 */
export function openNow(compression: Compression, frame: Buffer): Buffer | null {
  if (compression === 'zlib') return inflateExactly(frame.subarray(FRAME_HEADER_BYTES), declaredContentBytes(frame));
  try {
    return asDeclared(frame, zstdDecompressSync!(frame.subarray(FRAME_HEADER_BYTES), optionsFor(frame)));
  } catch {
    return null; // not of this compression, cut short, or more than declared
  }
}

/**
 * Decompresses a frame in a thread of its own. Never allocates more than the frame declares.
 * @returns null where the body does not yield exactly the bytes that are declared
 */
export function open(compression: Compression, frame: Buffer): Promise<Buffer | null> {
  const openLater = compression === 'zlib' ? inflate : zstdDecompress!;
  return new Promise((resolve) => {
    openLater(frame.subarray(FRAME_HEADER_BYTES), optionsFor(frame), (error, content) => {
      resolve(error === null ? asDeclared(frame, content) : null);
    });
  });
}

/** Output grows by pieces of at most this size, so that what is merely declared costs nothing. */
const MAX_PIECE_BYTES = 64 * 1024;
const MIN_PIECE_BYTES = 64;

function optionsFor(frame: Buffer): zlib.ZlibOptions {
  const maxOutputLength = declaredContentBytes(frame);
  const chunkSize = Math.min(Math.max(maxOutputLength, MIN_PIECE_BYTES), MAX_PIECE_BYTES);
  return { maxOutputLength, chunkSize };
}

function asDeclared(frame: Buffer, content: Buffer): Buffer | null {
  return content.length === declaredContentBytes(frame) ? content : null;
}
