import { constants } from 'node:os';

// The parts of Node below `node:net` that a simulated kernel stands for. Node does not document them. Sockets look for
// their handle's class, and read the outcome of a read or write from an array that they share with it.

interface StreamBinding {
  readonly streamBaseState: Int32Array;
  readonly kReadBytesOrError: number;
  readonly kArrayBufferOffset: number;
  readonly kBytesWritten: number;
  readonly kLastWriteWasAsync: number;
  /** Only where a handle makes the requests of its writes. */
  readonly kLastWriteErr?: number;
}
interface TcpBinding {
  readonly TCP: { readonly prototype: object };
}
interface Internals {
  _tickCallback(): void;
  binding(name: 'stream_wrap'): StreamBinding;
  binding(name: 'tcp_wrap'): TcpBinding;
}

const internals = process as unknown as Internals;
const streams = internals.binding('stream_wrap');

/** The array in which a handle leaves the outcome of its last read or write, and the places in it. */
export const STREAM_STATE = {
  state: streams.streamBaseState, kReadBytesOrError: streams.kReadBytesOrError,
  kArrayBufferOffset: streams.kArrayBufferOffset, kBytesWritten: streams.kBytesWritten,
  kLastWriteWasAsync: streams.kLastWriteWasAsync, kLastWriteErr: streams.kLastWriteErr,
};

const [uvMajor, uvMinor] = process.versions.uv.split('.').map(Number) as [number, number];

/** Before libuv 1.52 a reset behind bytes counted as an end, where a read had taken all of them. */
export const ENDS_AT_HANGUP = uvMajor === 1 && uvMinor < 52;

/** Runs all ticks and promises that are due, as Node does between two callbacks. */
export const drainTicks = (): void => internals._tickCallback();

/** Node asks with `instanceof` whether a handle is of TCP: for resets, and for servers. */
export const inheritTcp = (handles: { readonly prototype: object }): void =>
  void Object.setPrototypeOf(handles.prototype, internals.binding('tcp_wrap').TCP.prototype);

/** A write or a shutdown under way. */
export interface StreamRequest {
  /** The outcome of a write that has ended before Node has set `oncomplete`; null if there is none. */
  writeStatus?: number | null;
  oncomplete(status: number, handle?: unknown, error?: unknown): void;
}

/** An attempt to connect. */
export interface ConnectRequest {
  oncomplete(status: number, handle: unknown, request: unknown, isReadable: boolean, isWritable: boolean): void;
}

/** A handle above a TCP handle, which gets what that reads. */
export interface UpperHandle {
  receive(bytes: Buffer): void;
  /** @param status the end or an error, as libuv numbers them */
  ended(status: number): void;
}

/** The names of the errors that a handle reports. */
export type Errno =
  'EOF' | 'ECONNRESET' | 'EPIPE' | 'ETIMEDOUT' | 'ECONNREFUSED' | 'EHOSTUNREACH' | 'ECANCELED' | 'EINVAL' | 'EBADF' |
  'EADDRINUSE' | 'ENOTCONN';

const EOF = -4095;

/** The number of an error, as libuv gives it. */
export const errnoOf = (name: Errno): number =>
  (name === 'EOF' ? EOF : -constants.errno[name]);
