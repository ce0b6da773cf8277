import { inheritTcp, STREAM_STATE, type StreamRequest } from './nodeInternals.js';

/**
 * What Node's sockets ask of a handle of libuv: to read into their memory, and to write what they have in one of
 * several forms. Each outcome stands in an array that Node shares with its handles.
 */
export abstract class StreamHandle {
  reading = false;
  /** Set by Node: gets what was read, or the number of an error. Returns the memory for the next read. */
  onread: ((bytes: ArrayBuffer | undefined) => Uint8Array | undefined) | null = null;
  bytesRead = 0;
  bytesWritten = 0;
  /** The memory of the socket's that reads land in; null if each read has its own. */
  protected room: Uint8Array | null = null;

  /** Bytes of writes that were not taken. */
  abstract get writeQueueSize(): number;

  useUserBuffer(room: Uint8Array): void {
    this.room = room;
  }

  writeBuffer(request: StreamRequest | null, bytes: Uint8Array): number | StreamRequest {
    return this.begin(request, Buffer.from(bytes));
  }

  /** @param chunks buffers, or each chunk and its encoding in turn */
  writev(
    request: StreamRequest | null, chunks: readonly (Buffer | string)[], areAllBuffers: boolean,
  ): number | StreamRequest {
    const pieces = areAllBuffers ? chunks as readonly Buffer[]
      : chunks.filter((_, at) => at % 2 === 0).map((piece) => Buffer.from(piece as Buffer));
    return this.begin(request, Buffer.concat(pieces));
  }

  writeUtf8String(request: StreamRequest | null, text: string): number | StreamRequest {
    return this.begin(request, Buffer.from(text));
  }

  writeLatin1String(request: StreamRequest | null, text: string): number | StreamRequest {
    return this.begin(request, Buffer.from(text, 'latin1'));
  }

  setNoDelay(): number {
    return 0;
  }

  getAsyncId(): number {
    return 1;
  }

  ref(): void {}

  unref(): void {}

  hasRef(): boolean {
    return true;
  }

  /**
   * Begins a write of bytes that do not change any more. Returns 0 or the number of an error; `tellWrite` has said
   * whether it is under way.
   */
  abstract write(request: StreamRequest, bytes: Buffer): number;

  /** Newer releases of Node (24.22 is one) give no request: a write that is still under way is to return its own. */
  private begin(given: StreamRequest | null, bytes: Buffer): number | StreamRequest {
    const { state, kLastWriteWasAsync, kLastWriteErr } = STREAM_STATE;
    const request = given ?? { oncomplete: () => undefined, writeStatus: null };
    const status = this.write(request, bytes);
    if (given !== null || status !== 0 || state[kLastWriteWasAsync] === 0) return status;
    state[kLastWriteErr!] = 0;
    return request;
  }

  /** Tells Node how many bytes a write has, and whether it is still under way when the call ends. */
  protected tellWrite(byteCount: number, isUnderWay: boolean): void {
    const { state, kBytesWritten, kLastWriteWasAsync } = STREAM_STATE;
    state[kBytesWritten] = byteCount;
    state[kLastWriteWasAsync] = Number(isUnderWay);
  }

  /** Gives bytes of a read to the socket: at most as many as its memory has room for. */
  protected giveBytes(bytes: Buffer): void {
    this.bytesRead += bytes.length;
    this.room?.set(bytes);
    const next = this.give(bytes.length, this.room === null ? new Uint8Array(bytes).buffer : undefined);
    if (this.room !== null && next !== undefined) this.room = next;
  }

  /** Gives the end, or an error, in place of bytes. */
  protected giveEnd(status: number): void {
    this.give(status, undefined);
  }

  private give(status: number, bytes: ArrayBuffer | undefined): Uint8Array | undefined {
    const { state, kReadBytesOrError, kArrayBufferOffset } = STREAM_STATE;
    state[kReadBytesOrError] = status;
    state[kArrayBufferOffset] = 0;
    return this.onread?.(bytes);
  }
}

inheritTcp(StreamHandle);
