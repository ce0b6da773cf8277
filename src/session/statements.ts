import { LAST_PREPARED_STATEMENT_ID } from '../protocol/commands.js';
import type { BoundParameters } from './boundParameters.js';
import type { Usage } from './usage.js';

/** A statement that the server has prepared for this session. */
export interface PreparedStatement {
  readonly id: number;
  /** The front of its text; null where it was given up to stay within bounds. */
  sql: Buffer | null;
  readonly sqlBytes: number;
  readonly bound: BoundParameters;
  /** The usage of its open cursor; null where none is open. */
  cursorUsage: Usage | null;
}

/** A server refuses more of them by default (`max_prepared_stmt_count` is 16,382), but a client may raise that. */
const MAX_STATEMENTS = 20_000;
/** Texts kept for one session, all together. */
const MAX_TEXT_BYTES = 1024 * 1024;

/**
 * The prepared statements of one session. Bounded: past its bounds the oldest texts, then the oldest statements are
 * forgotten. A forgotten statement is still counted and cut; only its text is missing in records.
 */
export class StatementTable {
  private readonly byId = new Map<number, PreparedStatement>();
  private textBytes = 0;
  private last: PreparedStatement | null = null;

  get size(): number {
    return this.byId.size;
  }

  /** Takes a statement in, and returns the one that had to be forgotten for it, if any. */
  add(statement: PreparedStatement): PreparedStatement | null {
    this.delete(statement.id);
    this.byId.set(statement.id, statement);
    this.last = statement;
    this.textBytes += statement.sql?.length ?? 0;
    if (this.textBytes > MAX_TEXT_BYTES) this.forgetTexts();
    return this.byId.size > MAX_STATEMENTS ? this.forgetOldest() : null;
  }

  /** The statement that an EXECUTE, FETCH, RESET or CLOSE names. */
  get(id: number): PreparedStatement | null {
    if (id === LAST_PREPARED_STATEMENT_ID) return this.last;
    return this.byId.get(id) ?? null;
  }

  /** Forgets a statement and returns it; null where it is not known. */
  delete(id: number): PreparedStatement | null {
    const statement = this.get(id);
    if (statement === null) return null;
    this.byId.delete(statement.id);
    this.textBytes -= statement.sql?.length ?? 0;
    if (this.last === statement) this.last = null;
    return statement;
  }

  /** Forgets all and returns those whose cursor was open. */
  clear(): PreparedStatement[] {
    const open = [...this.byId.values()].filter((statement) => statement.cursorUsage !== null);
    this.byId.clear();
    this.textBytes = 0;
    this.last = null;
    return open;
  }

  /** The usages of all open cursors. */
  openCursors(): Usage[] {
    const usages: Usage[] = [];
    for (const { cursorUsage } of this.byId.values()) if (cursorUsage !== null) usages.push(cursorUsage);
    return usages;
  }

  private forgetTexts(): void {
    for (const statement of this.byId.values()) {
      if (this.textBytes <= MAX_TEXT_BYTES / 2) return;
      this.textBytes -= statement.sql?.length ?? 0;
      statement.sql = null;
    }
  }

  private forgetOldest(): PreparedStatement | null {
    const [oldest] = this.byId.keys();
    return oldest === undefined ? null : this.delete(oldest);
  }
}
