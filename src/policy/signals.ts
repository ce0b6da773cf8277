import type { StreamingSignal } from '../config/config.js';
import { programOf, type Subject } from './subject.js';

/** The reason to classify a response as a stream. */
export type Signal = StreamingSignal | 'rule';

/**
 * Programs that dump tables, by their names for themselves. MariaDB's program calls itself mysqldump too. They read row
 * by row unless told otherwise.
 */
const DUMP_PROGRAMS = new Set(['mysqldump', 'mariadb-dump', 'mysqlpump', 'mydumper']);

/** The statement with which both vendors' dump tools read a table. Any program that sends it is dumping. */
const DUMP_STATEMENT = Buffer.from('SELECT /*!40001 SQL_NO_CACHE */ ');

/** Whether a session belongs to a dump tool, by the client's name for itself. */
export function isDumpProgram(subject: Subject): boolean {
  return DUMP_PROGRAMS.has(programOf(subject));
}

/** Whether a statement is that of a dump tool that reads a table. */
export function isDumpStatement(text: Buffer): boolean {
  const { length } = DUMP_STATEMENT;
  return text.length > length && text.compare(DUMP_STATEMENT, 0, length, 0, length) === 0;
}

const SET_NET_WRITE_TIMEOUT = /^\s*SET\s+(?:SESSION\s+|@@session\.)?net_write_timeout\s*=\s*(\d{1,10})\s*;?\s*$/i;

/** The value of `net_write_timeout` that a statement sets, in seconds; null if it sets none. */
export function netWriteTimeoutSeconds(text: string): number | null {
  const found = SET_NET_WRITE_TIMEOUT.exec(text);
  return found === null ? null : Number(found[1]);
}

/**
 * Recognises JDBC streaming. Connector/J raises `net_write_timeout` before a result that it will stream
 * (`netTimeoutForStreamingResults`, 600 s by default), and sets the old value again when the result is closed.
 */
export class JdbcStreaming {
  private lastSeconds = 0;
  /** The value at the beginning of every session, if known. */
  private firstSeconds: number | null = null;
  private armedNumber = 0;
  /** The announced result has begun. The old value is expected next. */
  private hasBegun = false;

  /**
   * The session was reset.
   * @param seconds its `net_write_timeout`; null if not known
   */
  begun(seconds: number | null): void {
    this.firstSeconds = seconds;
    this.lastSeconds = seconds ?? 0;
    this.armedNumber = 0;
    this.hasBegun = false;
  }

  /**
   * A statement has set `net_write_timeout`.
   * @param number the number of its command. Raising the value announces a stream for the next command only.
   */
  set(seconds: number, number: number): void {
    const isRestored = this.isRestoredTo(seconds);
    this.lastSeconds = seconds;
    this.armedNumber = isRestored ? 0 : number + 1;
    this.hasBegun = false;
  }

  /** Whether a value ends the announcement of another one. */
  private isRestoredTo(seconds: number): boolean {
    // If the first value is as high, or if the announced statement has failed, the same value comes again.
    if (seconds === this.lastSeconds) return this.hasBegun;
    return this.firstSeconds === null ? seconds < this.lastSeconds : seconds === this.firstSeconds;
  }

  /** The command with this number has a result. */
  begin(number: number): void {
    if (this.isArmed(number)) this.hasBegun = true;
  }

  /** Whether the command with this number was announced as a stream. */
  isArmed(number: number): boolean {
    return this.armedNumber === number;
  }
}
