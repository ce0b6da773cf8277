// Lines on their way to a file descriptor. They wait in memory, up to a bound; what comes beyond it is
// dropped, counted and reported. Writing happens in Node's thread pool, so a slow reader or a full disk costs
// lines, and never a session's time.
//
// pino's own asynchronous destination is not used: once its reader is gone it swallows lines without a count,
// and when the process exits it waits for a reader that has stopped, for as long as that takes.

import { close as closeDescriptor, write as writeDescriptor } from 'node:fs';

/** What a sink has to say about itself. */
export interface SinkReport {
  /**
   * Writing fails; said once for each time that it begins. After all errors but EPIPE (the reader is gone) it
   * is tried again.
   */
  failed(error: NodeJS.ErrnoException): void;
  /** Lines begin to be dropped. */
  dropping(): void;
  /** Everything that waited is written, after this many lines were dropped. */
  recovered(droppedLines: number): void;
}

/** How a sink ended. */
export interface SinkEnd {
  /** Lines that were dropped without a report so far, or given up in the end. */
  readonly lostLines: number;
  /**
   * Whether a write hangs in the kernel: it has not returned within `hangsMs`. Node cannot exit in the usual way while
   * one does: it waits for its threads.
   */
  readonly hangs: boolean;
}

const linesPerWrite = 64;
const retryMs = 200;
/** What cannot be written for so long is dropped, and counted as that happens: a full disk stays full. */
const giveUpMs = 2000;
/** A write that has not returned for so long after the last moment hangs. One that had only just begun returns. */
const hangsMs = 500;

export class Sink {
  private readonly lines: string[] = [];
  /** What is being written: it stays until its last byte is out. */
  private batch: { readonly bytes: Buffer; readonly lines: number; written: number } | undefined;
  private waitingBytes = 0;
  /** Dropped since the beginning. */
  droppedInAll = 0;
  private droppedLines = 0;
  private isGone = false;
  /** Since when each write has failed, on the clock of `performance`; null while they succeed. */
  private failingSinceMs: number | null = null;
  private isWriting = false;
  private onIdle: (() => void) | undefined;

  /**
   * @param descriptor open for writing; closed with the sink, unless it is standard output or standard error
   * @param maxWaitingBytes what may wait in memory
   * @param patienceMs for how long what cannot be written is tried again
   */
  constructor(
    private readonly descriptor: number,
    private readonly maxWaitingBytes: number,
    private readonly report: SinkReport,
    private readonly patienceMs = giveUpMs,
  ) {}

  /** Takes a whole line, its line feed included. Never blocks and never throws. */
  write(line: string): void {
    const bytes = Buffer.byteLength(line);
    if (this.isGone || this.waitingBytes + bytes > this.maxWaitingBytes) {
      this.drop(1);
      return;
    }
    this.lines.push(line);
    this.waitingBytes += bytes;
    if (!this.batch) this.writeNext();
  }

  /**
   * Waits until everything is written or given up: where writing fails for `timeoutMs`, where it hangs for half a
   * second more.
   */
  async close(timeoutMs: number): Promise<SinkEnd> {
    if (this.batch) await this.untilIdle(timeoutMs);
    this.isGone = true;
    if (this.isWriting) await this.untilIdle(hangsMs);
    const lostLines = this.droppedLines + this.lines.length + (this.batch?.lines ?? 0);
    if (this.descriptor > 2 && !this.isWriting) closeDescriptor(this.descriptor);
    return { lostLines, hangs: this.isWriting };
  }

  /** Waits until nothing is left to write, or the write that is under way at the end has returned. */
  private async untilIdle(timeoutMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.onIdle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private writeNext(): void {
    if (this.lines.length === 0) {
      this.idle();
      return;
    }
    const lines = this.lines.splice(0, linesPerWrite);
    this.batch = { bytes: Buffer.from(lines.join('')), lines: lines.length, written: 0 };
    this.writeBatch();
  }

  private idle(): void {
    this.batch = undefined;
    if (this.droppedLines > 0 && !this.isGone) {
      const droppedLines = this.droppedLines;
      this.droppedLines = 0;
      this.report.recovered(droppedLines);
    }
    this.onIdle?.();
  }

  private writeBatch(): void {
    const { batch } = this;
    if (!batch || this.isGone) return;
    this.isWriting = true;
    const { bytes, written } = batch;
    writeDescriptor(this.descriptor, bytes, written, bytes.length - written, null, (error, count) => {
      this.isWriting = false;
      if (error && !this.isGone) {
        this.fail(error);
        return;
      }
      this.failingSinceMs = null;
      batch.written += count;
      this.waitingBytes -= count;
      if (this.isGone) {
        // Closed meanwhile: this was the last write.
        if (batch.written === bytes.length) this.batch = undefined;
        this.onIdle?.();
      } else if (batch.written < bytes.length) this.writeBatch();
      else this.writeNext();
    });
  }

  private fail(error: NodeJS.ErrnoException): void {
    // EAGAIN is how a pipe that somebody has made non-blocking says that it is full.
    if (error.code === 'EAGAIN') {
      this.retry();
      return;
    }
    if (this.failingSinceMs === null) {
      this.failingSinceMs = performance.now();
      this.report.failed(error);
    }
    this.isGone = error.code === 'EPIPE';
    if (!this.isGone && performance.now() - this.failingSinceMs < this.patienceMs) this.retry();
    else this.giveUp();
  }

  private retry(): void {
    setTimeout(() => this.writeBatch(), retryMs).unref();
  }

  /**
   * Drops what waits, but for a line of which a part is written: what comes later must not stand behind half a line.
   */
  private giveUp(): void {
    const { batch } = this;
    const isBegun = batch !== undefined && batch.written > 0 && !this.isGone;
    this.drop(this.lines.length + (isBegun ? 0 : batch?.lines ?? 0));
    this.lines.length = 0;
    this.waitingBytes = isBegun ? batch.bytes.length - batch.written : 0;
    if (isBegun) {
      this.retry();
      return;
    }
    this.batch = undefined;
    this.onIdle?.();
  }

  private drop(lines: number): void {
    const isFirst = this.droppedLines === 0 && lines > 0;
    this.droppedLines += lines;
    this.droppedInAll += lines;
    if (isFirst && !this.isGone) this.report.dropping();
  }
}
