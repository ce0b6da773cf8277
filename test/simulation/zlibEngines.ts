import { constants, createInflate, deflateSync } from 'node:zlib';

// Compression of many small pieces. The bytes that an engine makes depend on what it has compressed before, and a world
// must not depend on the worlds before it: so each piece gets an engine of its own, and a small one. For the other
// direction there is one engine, through parts of Node that it does not document: to make one takes longer than to
// inflate most pieces.

interface NativeEngine {
  reset(): void;
  writeSync(
    flush: number, from: Buffer, fromAt: number, fromBytes: number, to: Buffer, toAt: number, toBytes: number,
  ): void;
}

const holder = createInflate() as unknown as { readonly _handle: NativeEngine, readonly _writeState: Uint32Array };
const { _handle: native, _writeState: left } = holder;

/** Compresses a piece alone. */
export const deflated = (content: Buffer): Buffer =>
  deflateSync(content, { level: 1, windowBits: 9, memLevel: 1, chunkSize: content.length + spareBytes(content) });

/**
 * @param contentBytes the size of the content, as its frame declares it
 * @throws Error if it has another size
 */
export const inflated = (body: Buffer, contentBytes: number): Buffer => {
  const content = Buffer.allocUnsafe(contentBytes + 1);
  native.reset();
  native.writeSync(constants.Z_FINISH, body, 0, body.length, content, 0, content.length);
  if (left[0] !== 1) throw new Error(`a frame of ${contentBytes} bytes: ${left[0]! - 1} bytes too few`);
  return content.subarray(0, contentBytes);
};

/** Content that cannot be compressed grows by less than that. (zlib, deflateBound.) */
const spareBytes = (content: Buffer): number => 64 + (content.length >> 4);
