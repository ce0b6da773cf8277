import type { StreamingSignal } from '../config/config.js';
import { programOf, type Subject } from './subject.js';

/** Why a response is taken for one that is read as a stream. */
export type Signal = StreamingSignal | 'rule';

/**
 * Programs that dump tables. Both vendors' call themselves so, MariaDB's too (`mariadb-dump` says mysqldump); mydumper
 * calls itself by its own name. They read row by row unless told otherwise.
 */
const DUMP_PROGRAMS = new Set(['mysqldump', 'mariadb-dump', 'mysqlpump', 'mydumper']);

/** How both vendors' dump tools begin to read a table: whatever program it is, it means to dump. */
const DUMP_STATEMENT = Buffer.from('SELECT /*!40001 SQL_NO_CACHE */ ');

/** Whether a session belongs to a dump tool, by what it says of itself. */
export function isDumpProgram(subject: Subject): boolean {
  return DUMP_PROGRAMS.has(programOf(subject));
}

/** Whether a statement is a dump tool's way to read a table. */
export function isDumpStatement(text: Buffer): boolean {
  const { length } = DUMP_STATEMENT;
  return text.length > length && text.compare(DUMP_STATEMENT, 0, length, 0, length) === 0;
}

const SET_NET_WRITE_TIMEOUT = /^\s*SET\s+(?:SESSION\s+|@@session\.)?net_write_timeout\s*=\s*(\d{1,10})\s*;?\s*$/i;

/** The seconds to which a statement sets `net_write_timeout`; null where it does not. */
export function netWriteTimeoutSeconds(text: string): number | null {
  const found = SET_NET_WRITE_TIMEOUT.exec(text);
  return found === null ? null : Number(found[1]);
}

/**
 * Recognises JDBC streaming: before a result that it is going to stream, Connector/J raises `net_write_timeout`
 * (`netTimeoutForStreamingResults`, 600 s by default), and when the result is closed it sets the old value again.
 */
export class JdbcStreaming {
  private lastSeconds = 0;
  /** The value that every session begins with, where that is known. */
  private firstSeconds: number | null = null;
  private armedNumber = 0;
  /** The announced result has begun, so that the old value is due. */
  private hasBegun = false;

  /**
   * The session is as new.
   * @param seconds its `net_write_timeout`; null where that is not known
   */
  begun(seconds: number | null): void {
    this.firstSeconds = seconds;
    this.lastSeconds = seconds ?? 0;
    this.armedNumber = 0;
    this.hasBegun = false;
  }

  /**
   * A statement has set `net_write_timeout`.
   * @param number the number of its command: a raise arms the next one, and no other
   */
  set(seconds: number, number: number): void {
    const isRestored = this.isRestoredTo(seconds);
    this.lastSeconds = seconds;
    this.armedNumber = isRestored ? 0 : number + 1;
    this.hasBegun = false;
  }

  /** Whether a value ends what another one announced. */
  private isRestoredTo(seconds: number): boolean {
    // Where the first value is as high, or the announced statement has failed, the same value comes again.
    if (seconds === this.lastSeconds) return this.hasBegun;
    return this.firstSeconds === null ? seconds < this.lastSeconds : seconds === this.firstSeconds;
  }

  /** The command with this number has a result. */
  begin(number: number): void {
    if (this.isArmed(number)) this.hasBegun = true;
  }

  /** Whether the command with this number is the one that was announced as a stream. */
  isArmed(number: number): boolean {
    return this.armedNumber === number;
  }
}
