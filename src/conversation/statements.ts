import { LAST_PREPARED_STATEMENT_ID } from '../protocol/commands.js';
import type { PreparedStatement, Usage } from './command.js';

/** By default a server allows fewer (`max_prepared_stmt_count` is 16,382), but an administrator may raise that. */
const MAX_STATEMENTS = 20_000;
/** The most bytes of all kept texts of one session, and of the types of their columns. */
const MAX_TEXT_BYTES = 1024 * 1024;

/**
 * The prepared statements of one session. The table is bounded. Beyond its bounds it forgets the least recently used
 * texts, and then statements. In place of a forgotten text it keeps a value (see `ResponseObserver.textForgotten`).
 */
export class StatementTable<U extends Usage> {
  /** In the order of their last use, the latest last. */
  private readonly byId = new Map<number, PreparedStatement<U>>();
  /** The statements with a text, in the same order. */
  private readonly withText = new Map<number, PreparedStatement<U>>();
  private textBytes = 0;
  private last: PreparedStatement<U> | null = null;
  /**
   * The preparation that came last was refused. The server does not know that, and takes another statement for the last
   * one.
   */
  isLastRefused = false;

  /** @param keep returns the value to keep in place of a text that is about to be forgotten */
  constructor(private readonly keep: (statement: PreparedStatement) => object | null) {}

  get size(): number {
    return this.byId.size;
  }

  /** Adds a statement, and returns the one that was forgotten for it, if any. */
  add(statement: PreparedStatement<U>): PreparedStatement<U> | null {
    this.delete(statement.id);
    this.byId.set(statement.id, statement);
    this.last = statement;
    this.isLastRefused = false;
    if (statement.sql !== null) this.withText.set(statement.id, statement);
    this.textBytes += keptBytes(statement);
    this.forgetTexts();
    return this.byId.size > MAX_STATEMENTS ? this.forgetLeastUsed() : null;
  }

  /** Keeps the types of the columns of a statement's result, as long as its text. */
  keepTypes(statement: PreparedStatement<U>, types: Buffer): void {
    if (this.withText.get(statement.id) !== statement) return;
    this.textBytes += types.length - (statement.columnTypes?.length ?? 0);
    statement.columnTypes = types;
    this.forgetTexts();
  }

  /** The statement that an EXECUTE or FETCH uses. */
  use(id: number): PreparedStatement<U> | null {
    const statement = this.get(id);
    if (statement === null) return null;
    for (const order of [this.byId, this.withText]) if (order.delete(statement.id)) order.set(statement.id, statement);
    return statement;
  }

  /** The statement that a command names. */
  get(id: number): PreparedStatement<U> | null {
    if (id === LAST_PREPARED_STATEMENT_ID) return this.last;
    return this.byId.get(id) ?? null;
  }

  /** Forgets a statement and returns it; null if it is not known. */
  delete(id: number): PreparedStatement<U> | null {
    const statement = this.get(id);
    if (statement === null) return null;
    this.byId.delete(statement.id);
    this.withText.delete(statement.id);
    this.textBytes -= keptBytes(statement);
    if (this.last === statement) this.last = null;
    return statement;
  }

  /** A preparation was refused: no statement is the last one. */
  lastRefused(): void {
    this.last = null;
    this.isLastRefused = true;
  }

  /** Forgets all statements, and returns those with an open cursor. */
  clear(): PreparedStatement<U>[] {
    const open = [...this.byId.values()].filter((statement) => statement.cursorUsage !== null);
    this.byId.clear();
    this.withText.clear();
    this.textBytes = 0;
    this.last = null;
    this.isLastRefused = false;
    return open;
  }

  /** The usages of all open cursors. */
  openCursors(): U[] {
    const usages: U[] = [];
    for (const { cursorUsage } of this.byId.values()) if (cursorUsage !== null) usages.push(cursorUsage);
    return usages;
  }

  /** Forgets only as many texts as it must, since `keep` takes time for each. */
  private forgetTexts(): void {
    for (const statement of this.withText.values()) {
      if (this.textBytes <= MAX_TEXT_BYTES) return;
      statement.kept = this.keep(statement);
      this.textBytes -= keptBytes(statement);
      statement.sql = null;
      statement.columnTypes = null;
      this.withText.delete(statement.id);
    }
  }

  private forgetLeastUsed(): PreparedStatement<U> | null {
    const [id] = this.byId.keys();
    return id === undefined ? null : this.delete(id);
  }
}

function keptBytes({ sql, columnTypes }: PreparedStatement): number {
  return (sql?.length ?? 0) + (columnTypes?.length ?? 0);
}
