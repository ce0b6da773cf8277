import * as zlib from 'node:zlib';

/**
 * Inflates a body that is compressed alone. One engine serves all bodies and is reset in between, because creating an
 * engine takes longer than inflating 16 KiB. If a release of Node has no such engine, each body gets its own.
 * @param body in the format of zlib (RFC 1950)
 * @param contentBytes the declared size of the content; at most one byte more is allocated
 * @returns null if the body does not inflate to exactly this size
 */
export function inflateExactly(body: Buffer, contentBytes: number): Buffer | null {
  engine ??= newEngine();
  return engine === 'none' ? inflateAlone(body, contentBytes) : inflateWith(engine, body, contentBytes);
}

/** A part of `zlib.Inflate` that Node does not document. The package minizlib relies on it as well. */
interface NativeInflate {
  reset(): void;
  writeSync(
    flush: number, body: Buffer, bodyAt: number, bodyBytes: number, out: Buffer, outAt: number, outBytes: number,
  ): void;
  onerror: (message: string, errno: number, code: string) => void;
}

interface Engine {
  readonly native: NativeInflate;
  /** After a write: the unused bytes of `out`, and the unread bytes of the body. */
  readonly left: Uint32Array;
  hasFailed: boolean;
}

/** Null before the first use. */
let engine: Engine | 'none' | null = null;

function newEngine(): Engine | 'none' {
  const holder = zlib.createInflate() as unknown as { _handle?: Partial<NativeInflate>; _writeState?: unknown };
  const { _handle: native, _writeState: left } = holder;
  const isKnown = typeof native?.reset === 'function' && typeof native.writeSync === 'function';
  if (!isKnown || !(left instanceof Uint32Array)) return 'none';
  const made: Engine = { native: native as NativeInflate, left, hasFailed: false };
  made.native.onerror = () => (made.hasFailed = true);
  return made;
}

/** Offers one byte more than declared. A body with more content fills it; a body with less leaves more than it free. */
function inflateWith(engine: Engine, body: Buffer, contentBytes: number): Buffer | null {
  const { native, left } = engine;
  const out = Buffer.allocUnsafe(contentBytes + 1);
  engine.hasFailed = false;
  native.reset();
  native.writeSync(zlib.constants.Z_FINISH, body, 0, body.length, out, 0, out.length);
  return engine.hasFailed || left[0] !== 1 ? null : out.subarray(0, contentBytes);
}

function inflateAlone(body: Buffer, contentBytes: number): Buffer | null {
  try {
    const content = zlib.inflateSync(body, { maxOutputLength: contentBytes });
    return content.length === contentBytes ? content : null;
  } catch {
    return null; // another format, an incomplete body, or more content than declared
  }
}
