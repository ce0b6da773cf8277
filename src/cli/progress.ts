import { percent, size } from '../report/amounts.js';
import { world } from '../world/world.js';

/** Shows the progress of reading files on a terminal. Elsewhere it shows nothing. */
export class Progress {
  private bytes = 0;
  private shownAtMs = -Infinity;

  /** @param totalBytes null if not known */
  constructor(private readonly terminal: Terminal, private readonly totalBytes: number | null) {}

  /** Adds bytes that have been read. */
  advance(byteCount: number): void {
    this.bytes += byteCount;
    const nowMs = world.nowMs();
    if (this.terminal.isTTY !== true || nowMs - this.shownAtMs < LEAST_MS_BETWEEN) return;
    this.shownAtMs = nowMs;
    this.terminal.write(`${CLEAR_LINE}${this.line()}`);
  }

  /** Clears the line. */
  end(): void {
    if (this.shownAtMs > -Infinity) this.terminal.write(CLEAR_LINE);
  }

  private line(): string {
    if (this.totalBytes === null) return `${size(this.bytes)} read`;
    const part = this.totalBytes === 0 ? 1 : Math.min(1, this.bytes / this.totalBytes);
    const filled = Math.round(part * BAR_WIDTH);
    const bar = '#'.repeat(filled).padEnd(BAR_WIDTH, '.');
    return `[${bar}] ${percent(part)} of ${size(this.totalBytes)}`;
  }
}

const BAR_WIDTH = 30;
const LEAST_MS_BETWEEN = 100;
const CLEAR_LINE = '\r\u001b[K'; // ECMA-48, "erase in line"

/** The output of the progress: standard error, or a test's replacement. */
export interface Terminal {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}
