import { Command, STATEMENTS_OF_COMMANDS } from '../protocol/commands.js';
import type { ClientIdentity } from '../protocol/handshakeResponse.js';
import type { DecodedParameters } from '../protocol/parameters.js';
import type { AttributeValues } from '../protocol/queryAttributes.js';
import type { BoundParameters } from './boundParameters.js';
import type { ColumnCounter } from './columnCounter.js';

/** The layout of the answer to a command. */
export type ResponseShape =
  /** No answer. */
  | 'none'
  /** OK, ERR, LOCAL INFILE or a result set; then more of them while MORE_RESULTS_EXISTS is set. */
  | 'results'
  /** PREPARE's fixed packet, then definitions of parameters and columns. */
  | 'prepare'
  /** Binary rows at once, without column count and definitions. */
  | 'fetch'
  /** Column definitions without a count before them. */
  | 'fieldList'
  /** One OK, EOF or ERR packet. */
  | 'single'
  /** One packet of bare text, or ERR. */
  | 'text'
  /** An authentication, as in the connection phase. */
  | 'authentication'
  /** ERR, or a stream in which commands no longer mean anything. */
  | 'stream';

/** The shapes with a first packet that shows its own kind. The others begin with rows or definitions, or are empty. */
export type AnsweredShape = Exclude<ResponseShape, 'none' | 'fetch' | 'fieldList'>;

/**
 * One request of the client, until its response is over.
 * @typeParam U the counts of its response
 */
export interface PendingCommand<U extends Usage = Usage> {
  readonly code: number;
  readonly shape: ResponseShape;
  /** Counts the session's commands that have an answer. */
  readonly number: number;
  /** The command resets the session: the server forgets what was set in it. */
  readonly resetsSession: boolean;
  /** The time at which its header arrived, on the session's clock in ms. */
  readonly startedAtMs: number;
  /** The whole command has arrived: the fields below are set. */
  hasArrived: boolean;
  /**
   * The front of the statement's text, or of INIT_DB's schema; the statement that does the same as the command; null if
   * there is none.
   */
  text: Buffer | null;
  /** The whole text's length in bytes. */
  textBytes: number;
  /** The number of bytes that are kept of its packet. */
  keptBytes: number;
  /** The bytes that the client has sent for it, headers included: its packets, and values that were sent ahead. */
  requestBytes: number;
  /** Rows that its statements have changed so far. */
  affectedRows: number;
  /** The server has asked for a file, so the client has numbered packets of its own in the answer. */
  asksForFile: boolean;
  statementId: number;
  /** EXECUTE asked for a server-side cursor. */
  wantsCursor: boolean;
  /** The front of an EXECUTE's payload, if parameters are kept or it brings query attributes; else null. */
  execution: Buffer | null;
  /** The values of the statement's parameters; null if they are not kept or not known. */
  parameters: DecodedParameters | null;
  /** Its query attributes; for a COM_QUERY the payload up to its text. Null if it brings none. */
  attributes: AttributeValues | Buffer | null;
  /** The identity that a CHANGE_USER asks for. */
  identity: ClientIdentity | null;
  /** The statement with this id when the server began to answer. */
  statement: PreparedStatement<U> | null;
  usage: U | null;
  /** The number of answers that have begun: result sets, and OKs without one. A text of several statements has more. */
  answerCount: number;
}

const SHAPES = new Map<number, ResponseShape>([
  [Command.QUIT, 'none'],
  [Command.STMT_CLOSE, 'none'],
  [Command.STMT_SEND_LONG_DATA, 'none'],
  [Command.QUERY, 'results'],
  [Command.PROCESS_INFO, 'results'],
  [Command.STMT_EXECUTE, 'results'],
  [Command.STMT_BULK_EXECUTE, 'results'],
  [Command.STMT_PREPARE, 'prepare'],
  [Command.STMT_FETCH, 'fetch'],
  [Command.FIELD_LIST, 'fieldList'],
  [Command.STATISTICS, 'text'],
  [Command.CHANGE_USER, 'authentication'],
  [Command.BINLOG_DUMP, 'stream'],
  [Command.BINLOG_DUMP_GTID, 'stream'],
  [Command.CLONE, 'stream'],
  [Command.SUBSCRIBE_GROUP_REPLICATION_STREAM, 'stream'],
]);

/** The shape of a command's response. Every command not named above, known or not, answers with a single packet. */
export function responseShape(code: number): ResponseShape {
  return SHAPES.get(code) ?? 'single';
}

/** A command whose header has just arrived. */
export function newCommand<U extends Usage>(
  code: number, shape: ResponseShape, number: number, startedAtMs: number,
): PendingCommand<U> {
  const text = STATEMENTS_OF_COMMANDS.get(code) ?? null;
  return {
    code, shape, number, startedAtMs, text,
    resetsSession: code === Command.RESET_CONNECTION || code === Command.CHANGE_USER,
    hasArrived: false, textBytes: text?.length ?? 0, keptBytes: 0, requestBytes: 0, affectedRows: 0, asksForFile: false,
    statementId: 0,
    wantsCursor: false, identity: null,
    execution: null, parameters: null, attributes: null,
    statement: null, usage: null, answerCount: 0,
  };
}

/** A statement that the server has prepared for this session. */
export interface PreparedStatement<U extends Usage = Usage> {
  readonly id: number;
  /** The front of its text; null if the text was forgotten to stay within bounds. */
  sql: Buffer | null;
  readonly sqlBytes: number;
  readonly bound: BoundParameters;
  /**
   * The number of each column's type in its result, for executions of which the server sends no definitions; null if
   * not known.
   */
  columnTypes: Buffer | null;
  /** The usage of its open cursor; null if none is open. */
  cursorUsage: U | null;
  /** The observer's value in place of the text; null while the text is there. */
  kept: object | null;
}

/**
 * The counts of one response so far: rows, and the bytes of their packets with the 4-byte headers. All result sets of a
 * response count together. The usage of a server-side cursor continues through all its fetches.
 */
export class Usage {
  /** @param command the command that began it: for a cursor, its EXECUTE */
  constructor(readonly command: PendingCommand) {}

  rows = 0;
  bytes = 0;
  resultSets = 0;
  /** Columns of the first result set, and of the current one. */
  columns = 0;
  columnsNow = 0;
  largestRowBytes = 0;
  /** A record is due beyond these; Infinity if only a limit makes one due. */
  recordRows = Infinity;
  recordBytes = Infinity;
  /** A record may become due. */
  countsColumns = false;
  /** Counts the columns of the current result set; null if they are not counted. */
  columnCounter: ColumnCounter | null = null;
  /** The number of columns in `columnCounter` if that counts a cursor's rows; else 0. */
  cursorColumns = 0;
  /** The counter of the heaviest earlier result set, and the bytes of that set; null if none was counted. */
  private earlierColumns: { readonly counter: ColumnCounter; readonly bytes: number } | null = null;
  /** The bytes before the current result set. */
  private bytesBefore = 0;
  /** The time at which the first row's header was seen, on the session's clock in ms; 0 before that. */
  firstRowAtMs = 0;

  /** The usage has ended, and the observer knows it. */
  hasEnded = false;

  /** The rows and bytes at which the scan stops and asks; Infinity for never. */
  maxRows = Infinity;
  maxBytes = Infinity;
  /** The scan also stops before an error of the server. */
  stopsAtError = false;

  /** The counts that were forwarded before the rest was discarded; null while nothing is discarded. */
  private forwarded: { readonly rows: number; readonly bytes: number } | null = null;

  /** The counts that had been forwarded when holding back began. */
  private beforeHold = { rows: 0, bytes: 0 };

  /** The counts at the last moment when the kernel had everything. */
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
   * @param wasHeld the rows that were held back are dropped as well
   */
  cut(wasHeld: boolean): void {
    this.forwarded ??= wasHeld ? this.beforeHold : { rows: this.rows, bytes: this.bytes };
  }

  /**
   * The kernel has all bytes that were counted so far.
   * @param bytesToCome bytes of the last row that are counted but have not arrived yet
   */
  noteHandedOver(bytesToCome: number): void {
    this.handedOverRows = this.rows - (bytesToCome > 0 ? 1 : 0);
    this.handedOverBytes = this.bytes - bytesToCome;
  }

  /**
   * No more bytes go to the client. Bytes that the kernel is not known to have do not count as forwarded.
   * @param hasTaken the kernel has all forwarded bytes
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

  /** A result set begins. */
  beginResultSet(columns: number): void {
    const counter = this.heaviestColumns;
    if (counter !== null && counter === this.columnCounter) this.earlierColumns = { counter, bytes: this.bytesOfSet };
    this.columnCounter = null;
    this.bytesBefore = this.bytes;
    this.resultSets += 1;
    this.columnsNow = columns;
    if (this.resultSets === 1) this.columns = columns;
  }

  /** The columns of the heaviest result set that was counted so far; null if none was. */
  get heaviestColumns(): ColumnCounter | null {
    const { earlierColumns: earlier, columnCounter } = this;
    if (earlier === null) return columnCounter;
    return columnCounter !== null && this.bytesOfSet > earlier.bytes ? columnCounter : earlier.counter;
  }

  /** The bytes of the current result set. */
  private get bytesOfSet(): number {
    return this.bytes - this.bytesBefore;
  }

  /** A result set has ended, and more of the response follows. */
  endResultSet(): void {}
}
