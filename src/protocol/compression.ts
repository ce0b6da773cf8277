import * as zlib from 'node:zlib';
import { Capability } from './capabilities.js';
import { inflateExactly } from './inflate.js';

/** The method of compression. Each body is compressed on its own. */
export type Compression = 'zlib' | 'zstd';

/**
 * The compressed protocol. After the OK that ends the connection phase, both directions are cut into frames.
 *
 *     int<3> body length | int<1> frame number | int<3> content length | body        (little-endian)
 *
 * The body is the compressed content. If the content length is 0, the body is the content itself, not compressed. The
 * contents joined are the ordinary stream of packets; a frame may begin and end anywhere in it. Three bytes bound both
 * lengths. (MySQL manual, "Compression"; MariaDB knowledge base, "0-packet"; seen: MySQL 9.7, MariaDB 10.11.)
 */
export const FRAME_HEADER_BYTES = 7;

/** The largest content of one frame. */
export const MAX_CONTENT_BYTES = 0xff_ffff;

const NUMBER_OFFSET = 3;
const CONTENT_LENGTH_OFFSET = 4;

type OpenNow = (body: Buffer, options: zlib.ZlibOptions) => Buffer;
type Opened = (error: Error | null, content: Buffer) => void;
type OpenLater = (body: Buffer, options: zlib.ZlibOptions, opened: Opened) => void;

/** Node's decompressors. zstd is there since Node 22.15. */
interface Decompressors {
  readonly inflate: OpenLater;
  readonly zstdDecompressSync?: OpenNow;
  readonly zstdDecompress?: OpenLater;
}
const { inflate, zstdDecompressSync, zstdDecompress }: Decompressors = zlib;

/** The capability flags of all compressions that this Node can open. */
export const OPENABLE_COMPRESSIONS: bigint =
  Capability.COMPRESS | (zstdDecompressSync === undefined ? 0n : Capability.ZSTD_COMPRESSION_ALGORITHM);

/** The compression that capability flags in effect select; null for none. With both flags set, servers use zlib. */
export function compressionOf(capabilities: bigint): Compression | null {
  if (capabilities & Capability.COMPRESS) return 'zlib';
  return capabilities & Capability.ZSTD_COMPRESSION_ALGORITHM ? 'zstd' : null;
}

/** The length of the frame at `offset`, header included; null if the length field is not there yet. */
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

/** The content of a frame that is not compressed, as a view; null if it is compressed. */
export function storedContent(frame: Buffer): Buffer | null {
  return declaredContentBytes(frame) === 0 ? frame.subarray(FRAME_HEADER_BYTES) : null;
}

/** The number of content bytes that a compressed frame declares. */
export function declaredContentBytes(frame: Buffer): number {
  return frame.readUIntLE(CONTENT_LENGTH_OFFSET, 3);
}

/** A frame that holds `content` without compression. `content` has at most `MAX_CONTENT_BYTES`. */
export function storedFrame(number: number, content: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(FRAME_HEADER_BYTES + content.length);
  frame.writeUIntLE(content.length, 0, 3);
  frame[NUMBER_OFFSET] = number;
  frame.writeUIntLE(0, CONTENT_LENGTH_OFFSET, 3);
  content.copy(frame, FRAME_HEADER_BYTES);
  return frame;
}

/**
 * Decompresses a frame synchronously. Never allocates more than the frame declares.
 * @returns null if the body does not decompress to exactly the declared number of bytes
 */
export function openNow(compression: Compression, frame: Buffer): Buffer | null {
  if (compression === 'zlib') return inflateExactly(frame.subarray(FRAME_HEADER_BYTES), declaredContentBytes(frame));
  try {
    return asDeclared(frame, zstdDecompressSync!(frame.subarray(FRAME_HEADER_BYTES), optionsFor(frame)));
  } catch {
    return null; // another compression, an incomplete body, or more content than declared
  }
}

/**
 * Decompresses a frame in a thread of its own. Never allocates more than the frame declares.
 * @returns null if the body does not decompress to exactly the declared number of bytes
 */
export function open(compression: Compression, frame: Buffer): Promise<Buffer | null> {
  const openLater = compression === 'zlib' ? inflate : zstdDecompress!;
  return new Promise((resolve) => {
    openLater(frame.subarray(FRAME_HEADER_BYTES), optionsFor(frame), (error, content) => {
      resolve(error === null ? asDeclared(frame, content) : null);
    });
  });
}

/** The output grows in pieces of at most this size, so that a declared length alone allocates nothing. */
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
