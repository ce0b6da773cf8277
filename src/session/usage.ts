import type { PendingCommand } from './command.js';

/**
 * What one response has brought so far: rows, and the bytes of their packets with the 4-byte headers. All result sets of
 * a response count together; a server-side cursor's usage runs through all its fetches.
 */
export class Usage {
  /** @param command the command that began it: for a cursor, its EXECUTE */
  constructor(readonly command: PendingCommand) {}

  rows = 0;
  bytes = 0;
  resultSets = 0;
  /** Columns of the first result set. */
  columns = 0;
  largestRowBytes = 0;
  /** When the first row's header was seen, on the session's clock in ms; 0 before that. */
  firstRowAtMs = 0;

  /** Nothing more can come; it has been reported. */
  hasEnded = false;

  /** The largest rows and bytes that pass without asking; Infinity where nothing has to be asked. */
  maxRows = Infinity;
  maxBytes = Infinity;
  /** An error of the server's is not to pass without asking either. */
  stopsAtError = false;

  /** What reached the client before the rest was discarded; null while nothing is. */
  private forwarded: { readonly rows: number; readonly bytes: number } | null = null;

  get isCut(): boolean {
    return this.forwarded !== null;
  }

  get forwardedRows(): number {
    return this.forwarded?.rows ?? this.rows;
  }

  get forwardedBytes(): number {
    return this.forwarded?.bytes ?? this.bytes;
  }

  /**
   * Rows that follow are counted but no longer forwarded.
   * @param wasHeld the ones before were held back and are dropped too
   */
  cut(wasHeld: boolean): void {
    this.forwarded ??= wasHeld ? { rows: 0, bytes: 0 } : { rows: this.rows, bytes: this.bytes };
  }

  /** Nothing is asked any more: the rest may pass whatever it is. */
  admitAll(): void {
    this.maxRows = Infinity;
    this.maxBytes = Infinity;
  }
}
