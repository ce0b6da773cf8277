import { constants, createDeflate, createInflate } from 'node:zlib';

// Compression of many small pieces. To make an engine takes longer than its work on most pieces: so each direction has
// one engine, through parts of Node that it does not document, and a small one for what is compressed.

interface NativeEngine {
  reset(): void;
  writeSync(
    flush: number, from: Buffer, fromAt: number, fromBytes: number, to: Buffer, toAt: number, toBytes: number,
  ): void;
}

/** An engine that does all of a piece in one call. */
class Engine {
  private readonly native: NativeEngine;
  private readonly left: Uint32Array;

  constructor(holder: object) {
    const { _handle, _writeState } = holder as { readonly _handle: NativeEngine, readonly _writeState: Uint32Array };
    this.native = _handle;
    this.left = _writeState;
  }

  /** Turns a whole piece into at most `mostBytes`. */
  run(piece: Buffer, mostBytes: number): Buffer {
    const result = Buffer.allocUnsafe(mostBytes);
    this.native.reset();
    this.native.writeSync(constants.Z_FINISH, piece, 0, piece.length, result, 0, mostBytes);
    return result.subarray(0, mostBytes - this.left[0]!);
  }
}

const inflation = new Engine(createInflate());
const deflation = new Engine(createDeflate({ level: 1, windowBits: 9, memLevel: 1 }));

/** Compresses a piece alone. */
export const deflated = (content: Buffer): Buffer => {
  // The bytes that an engine makes may depend on what its window had before, and a world must not depend on the worlds
  // before it: so each piece finds the same.
  deflation.run(WINDOW_OF_ZEROS, mostBytesOf(WINDOW_OF_ZEROS));
  return deflation.run(content, mostBytesOf(content));
};

/**
 * @param contentBytes the size of the content, as its frame declares it
 * @throws Error if it has another size
 */
export const inflated = (body: Buffer, contentBytes: number): Buffer => {
  const content = inflation.run(body, contentBytes + 1);
  if (content.length === contentBytes) return content;
  throw new Error(`a frame of ${contentBytes} bytes: ${contentBytes - content.length} bytes too few`);
};

/** zlib's window has twice the bytes of `windowBits`. */
const WINDOW_OF_ZEROS = Buffer.alloc(2 * 2 ** 9);

/** Content that cannot be compressed grows by less than that. (zlib, deflateBound.) */
const mostBytesOf = (content: Buffer): number => content.length + 64 + (content.length >> 4);
