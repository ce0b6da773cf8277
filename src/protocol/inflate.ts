import * as zlib from 'node:zlib';

/**
 * Inflates bodies that each stand alone, all of them with one engine, which is reset in between: to make one takes
 * longer than to inflate 16 KiB. Where a release of Node shows no such engine, each body gets its own.
 * @param body in the format of zlib (RFC 1950)
 * @param contentBytes the size that its content is declared to have; no more than that and a byte is allocated
 * @returns null where the body does not yield exactly so many bytes
 */
export function inflateExactly(body: Buffer, contentBytes: number): Buffer | null {
  engine ??= newEngine();
  return engine === 'none' ? inflateAlone(body, contentBytes) : inflateWith(engine, body, contentBytes);
}

/** A part of a `zlib.Inflate` of which Node's documentation does not speak; the package minizlib relies on it, too. */
interface NativeInflate {
  reset(): void;
  writeSync(
    flush: number, body: Buffer, bodyAt: number, bodyBytes: number, out: Buffer, outAt: number, outBytes: number,
  ): void;
  onerror: (message: string, errno: number, code: string) => void;
}

interface Engine {
  readonly native: NativeInflate;
  /** After a write: bytes of `out` that are left, and bytes of the body. */
  readonly left: Uint32Array;
  hasFailed: boolean;
}

/** Null before it is needed. */
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

/** One byte more than declared shows a body that holds more; one that holds less does not come to its end. */
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
    return null; // not in this format, cut short, or more than declared
  }
}
