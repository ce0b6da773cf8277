import type { PendingCommand } from './command.js';

/**
 * What one response has brought so far: rows, and the bytes of their packets with the 4-byte headers. All result sets
 * of a response count together; a server-side cursor's usage runs through all its fetches.
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

  /** What had been forwarded when rows began to be held back. */
  private beforeHold = { rows: 0, bytes: 0 };

  /** Of what was counted, what the kernel had when it last had everything. */
  private handedOverRows = 0;
  private handedOverBytes = 0;

  get isCut(): boolean {
    return this.forwarded !== null;
  }

  get forwardedRows(): number {
    return this.forwarded?.rows ?? this.rows;
  }

  get forwardedBytes(): number {
    return this.forwarded?.bytes ?? this.bytes;
  }

  /** Rows that follow are held back. */
  beginHold(): void {
    this.beforeHold = { rows: this.rows, bytes: this.bytes };
  }

  /**
   * Rows that follow are counted but no longer forwarded.
   * @param wasHeld those that were held back are dropped too
   */
  cut(wasHeld: boolean): void {
    this.forwarded ??= wasHeld ? this.beforeHold : { rows: this.rows, bytes: this.bytes };
  }

  /**
   * The kernel has everything that was counted so far.
   * @param bytesToCome bytes of the last row that are counted and have not come yet
   */
  noteHandedOver(bytesToCome: number): void {
    this.handedOverRows = this.rows - (bytesToCome > 0 ? 1 : 0);
    this.handedOverBytes = this.bytes - bytesToCome;
  }

  /**
   * Nothing more goes to the client: what the kernel was not handed does not count as forwarded.
   * @param hasTaken the kernel has all that was forwarded
   * @param bytesToCome as for `noteHandedOver`
   */
  endForwarding(hasTaken: boolean, bytesToCome: number): void {
    if (hasTaken && this.isCut) return;
    if (hasTaken) this.noteHandedOver(bytesToCome);
    const { forwardedRows, forwardedBytes, handedOverRows, handedOverBytes } = this;
    this.forwarded = {
      rows: Math.min(forwardedRows, handedOverRows), bytes: Math.min(forwardedBytes, handedOverBytes),
    };
  }

  /** A result set has ended, and more of the response follows. */
  endResultSet(): void {}

  /** Nothing is asked any more: the rest may pass whatever it is. */
  admitAll(): void {
    this.maxRows = Infinity;
    this.maxBytes = Infinity;
  }
}
