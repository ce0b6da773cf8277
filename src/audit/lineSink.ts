import { world } from '../world/world.js';

/**
 * A buffered writer of lines to a file descriptor. Lines wait in memory, up to a bound. Lines beyond it are dropped,
 * counted and reported. Writing happens in Node's thread pool, so a slow reader or a full disk costs lines, but never
 * time of a session.
 *
 * pino's own asynchronous destination has two faults. Once its reader is gone, it drops lines without a count. At exit
 * it waits for a reader that has stopped, without a bound.
 */
export class LineSink {
  private readonly lines: string[] = [];
  /** The lines that are being written. They stay until their last byte is out. */
  private batch: Batch | null = null;
  private waitingBytes = 0;
  /** Lines dropped since the start. */
  droppedInAll = 0;
  private droppedLines = 0;
  private isGone = false;
  private isClosed = false;
  /** The time since which all writes have failed, on the clock `world.nowMs`; null while they succeed. */
  private failingSinceMs: number | null = null;
  private isWriting = false;
  /** Writing begins at the end of this turn of the event loop. */
  private isDue = false;
  private onIdle: (() => void) | null = null;

  /**
   * @param descriptor open for writing; closed with the sink, unless it is standard output or standard error
   * @param maxWaitingBytes the most bytes that may wait in memory
   * @param patienceMs the time for which a failed write is repeated
   */
  constructor(
    private readonly descriptor: number,
    private readonly maxWaitingBytes: number,
    private readonly report: SinkReport,
    private readonly patienceMs = GIVE_UP_MS,
  ) {}

  /** Takes a whole line with its line feed. Never blocks and never throws. */
  write(line: string): void {
    const bytes = Buffer.byteLength(line);
    if (this.isGone || this.waitingBytes + bytes > this.maxWaitingBytes) {
      this.drop(1);
      return;
    }
    this.lines.push(line);
    this.waitingBytes += bytes;
    if (this.batch !== null || this.isDue) return;
    // The lines of one turn go out in one write: each write costs a handover to another thread.
    this.isDue = true;
    world.soon(() => this.writeNext());
  }

  /**
   * Waits until all lines are written or given up: at most `timeoutMs` if writing fails, and half a second more if a
   * write hangs.
   */
  async close(timeoutMs: number): Promise<SinkEnd> {
    if (this.batch !== null || this.isDue) await this.untilIdle(timeoutMs);
    this.isGone = true;
    if (this.isWriting) await this.untilIdle(HANGS_MS);
    const waitingLines = this.lines.length + unwrittenLines(this.batch);
    this.droppedInAll += waitingLines;
    this.lines.length = 0;
    this.isClosed = true;
    if (!this.isWriting) this.closeFile();
    return { lostLines: this.droppedLines + waitingLines, hangs: this.isWriting };
  }

  /** Whether the sink is closed and its last write has ended, so that its descriptor is closed as well. */
  get hasEnded(): boolean {
    return this.isClosed && !this.isWriting;
  }

  private closeFile(): void {
    if (this.descriptor > 2) world.closeFile(this.descriptor);
  }

  /** Waits until no line is left, or until the last write has returned. */
  private async untilIdle(timeoutMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = world.after(timeoutMs, resolve);
      this.onIdle = () => {
        world.cancel(timer);
        resolve();
      };
    });
  }

  private writeNext(): void {
    this.isDue = false;
    if (this.lines.length === 0) {
      this.idle();
      return;
    }
    const lines = this.lines.splice(0, LINES_PER_WRITE);
    this.batch = { bytes: Buffer.from(lines.join('')), written: 0 };
    this.writeBatch();
  }

  private idle(): void {
    this.batch = null;
    if (this.droppedLines > 0 && !this.isGone) {
      const droppedLines = this.droppedLines;
      this.droppedLines = 0;
      this.report.recovered(droppedLines);
    }
    this.onIdle?.();
  }

  private writeBatch(): void {
    const { batch } = this;
    if (batch === null || this.isGone) return;
    this.isWriting = true;
    const { bytes, written } = batch;
    world.writeFile(this.descriptor, bytes, written, (error, count) => {
      this.isWriting = false;
      if (error && !this.isGone) {
        this.fail(error);
        return;
      }
      this.failingSinceMs = null;
      batch.written += count;
      this.waitingBytes -= count;
      if (this.isGone) {
        // The sink was closed in the meantime. This was the last write.
        if (batch.written === bytes.length) this.batch = null;
        this.onIdle?.();
        if (this.isClosed) this.closeFile();
      } else if (batch.written < bytes.length) this.writeBatch();
      else this.writeNext();
    });
  }

  private fail(error: NodeJS.ErrnoException): void {
    // EAGAIN: the pipe is full. This happens if another process has made it non-blocking.
    if (error.code === 'EAGAIN') {
      this.retry();
      return;
    }
    if (this.failingSinceMs === null) {
      this.failingSinceMs = world.nowMs();
      this.report.failed(error);
    }
    this.isGone = error.code === 'EPIPE';
    if (!this.isGone && world.nowMs() - this.failingSinceMs < this.patienceMs) this.retry();
    else this.giveUp();
  }

  private retry(): void {
    world.after(RETRY_MS, () => this.writeBatch()).unref();
  }

  /** Drops the waiting lines, except for a line that is partly written: later lines must not follow half a line. */
  private giveUp(): void {
    const { batch } = this;
    const isBegun = batch !== null && batch.written > 0 && !this.isGone;
    this.drop(this.lines.length + (isBegun ? 0 : unwrittenLines(batch)));
    this.lines.length = 0;
    this.waitingBytes = isBegun ? batch.bytes.length - batch.written : 0;
    if (isBegun) {
      this.retry();
      return;
    }
    this.batch = null;
    this.onIdle?.();
  }

  private drop(lines: number): void {
    const isFirst = this.droppedLines === 0 && lines > 0;
    this.droppedLines += lines;
    this.droppedInAll += lines;
    if (isFirst && !this.isGone) this.report.dropping();
  }
}

/** Lines that are written together. */
interface Batch {
  readonly bytes: Buffer;
  written: number;
}

/** The lines of a batch whose last byte was not written. */
function unwrittenLines(batch: Batch | null): number {
  if (batch === null) return 0;
  const { bytes, written } = batch;
  let count = 0;
  for (let at = bytes.indexOf(LINE_FEED, written); at >= 0; at = bytes.indexOf(LINE_FEED, at + 1)) count += 1;
  return count;
}

const LINE_FEED = 0x0a;

/** The events that a sink reports. */
export interface SinkReport {
  /**
   * Writing fails. Reported once, when the failures begin. The sink tries again after every error but EPIPE (the reader
   * is gone).
   */
  failed(error: NodeJS.ErrnoException): void;
  /** The sink begins to drop lines. */
  dropping(): void;
  /** All waiting lines are written again, after this many were dropped. */
  recovered(droppedLines: number): void;
}

/** The end of a sink. */
export interface SinkEnd {
  /** Lines that were dropped without a report so far, or given up at the end. */
  readonly lostLines: number;
  /**
   * Whether a write hangs in the kernel: it has not returned within `HANGS_MS`. While a write hangs, Node cannot exit
   * in the usual way, because it waits for its threads.
   */
  readonly hangs: boolean;
}

const LINES_PER_WRITE = 64;
const RETRY_MS = 200;
/** The time after which lines that cannot be written are dropped and counted. A full disk stays full. */
const GIVE_UP_MS = 2000;
/**
 * A write hangs if it has not returned this long after the sink's deadline. A write that had just begun returns in
 * time.
 */
const HANGS_MS = 500;
