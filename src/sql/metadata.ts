import { Lexer, type SqlMode } from './lexer.js';

// Metadata: the statements of drivers and tools about the session and the schema, as opposed to the queries of the
// application.

const METADATA_SCHEMAS = new Set(['information_schema', 'performance_schema', 'mysql']);

// The objects of SHOW that are about the server's settings, the schema or the previous statement. A driver asks for
// them when it connects, looks for columns or fetches warnings. SHOW statements that watch the server at work are not
// listed (PROCESSLIST, ENGINE STATUS, BINARY LOGS, BINLOG EVENTS, PROFILES), so that a rule for `show` can match them.
const METADATA_SHOWS = new Set([
  'CHARACTER', 'CHARSET', 'COLLATION', 'COLUMNS', 'COUNT', 'CREATE', 'DATABASES', 'ENGINES', 'ERRORS',
  'EVENTS', 'FIELDS', 'FUNCTION', 'GRANTS', 'INDEX', 'INDEXES', 'KEYS', 'PLUGINS', 'PRIVILEGES', 'PROCEDURE',
  'SCHEMAS', 'STATUS', 'TABLE', 'TABLES', 'TRIGGERS', 'VARIABLES', 'WARNINGS',
]);
const SHOW_MODIFIERS = new Set(['EXTENDED', 'FULL', 'GLOBAL', 'LOCAL', 'SESSION', 'STORAGE']);

// Functions about the session. A SELECT of these and of system variables alone gives one short row.
const SESSION_FUNCTIONS = new Set([
  'CONNECTION_ID', 'CURRENT_ROLE', 'CURRENT_USER', 'DATABASE', 'FOUND_ROWS', 'LAST_INSERT_ID', 'ROW_COUNT',
  'SCHEMA', 'SESSION_USER', 'SYSTEM_USER', 'USER', 'VERSION',
]);

// After these words a comma no longer separates tables.
const AFTER_TABLES = new Set([
  'WHERE', 'GROUP', 'HAVING', 'ORDER', 'LIMIT', 'UNION', 'EXCEPT', 'INTERSECT', 'SELECT',
]);
// INTO a file or variables, and index hints, whose FOR ORDER BY does not end the list of tables. No metadata statement
// has them.
const FOREIGN_WORDS = new Set(['INTO', 'USE', 'FORCE', 'IGNORE']);
const MAX_NESTED_LISTS = 64;

/**
 * Whether a text consists only of statements that read the state of the session or the schema: SHOW VARIABLES and the
 * like, SELECT of system variables and session functions, SELECT from tables of information_schema, performance_schema
 * and mysql and from no other. Reads only up to the first part that is not metadata: for a SELECT from another table,
 * up to the table's name.
 * @param sql the whole text; a part of it is not enough to judge
 */
export function isMetadata(sql: string, mode: SqlMode = {}): boolean {
  const lexer = new Lexer(sql, mode);
  lexer.next();
  do {
    const isSoFar = lexer.keyword() === 'SHOW' ? passShow(lexer) : new SelectReader(lexer).pass();
    if (!isSoFar) return false;
    while (lexer.isOperator(';')) lexer.next();
  } while (lexer.kind !== 'end');
  return !lexer.unterminated && !lexer.hasUncertainComment;
}

const isEnd = (lexer: Lexer): boolean => lexer.kind === 'end' || lexer.isOperator(';');

/** Reads a SHOW statement to its end. The lexer stands at its first token. */
function passShow(lexer: Lexer): boolean {
  do lexer.next(); while (SHOW_MODIFIERS.has(lexer.keyword()));
  const isMetadataShow = METADATA_SHOWS.has(lexer.keyword());
  while (isMetadataShow && !isEnd(lexer)) lexer.next();
  return isMetadataShow;
}

/** Reads a SELECT or TABLE statement, with or without parentheses, while it may still be one about metadata. */
class SelectReader {
  /** A table's name has to come next. */
  private awaitsTable = false;
  private depth = 0;
  /** The depths of parentheses at which a comma separates tables, the innermost last. */
  private readonly tableLists: number[] = [];
  private metadataTables = 0;
  /** The statement has a system variable or a session function. */
  private asksSession = false;
  /**
   * The statement has a subquery, or calls another function. Without tables it is then not metadata and may have a
   * result of any size.
   */
  private isComputed = false;

  constructor(private readonly lexer: Lexer) {}

  /**
   * Reads the statement to its end; the lexer stands at its first token. Returns false as soon as it cannot be
   * metadata.
   */
  pass(): boolean {
    const { lexer } = this;
    while (lexer.isOperator('(')) this.passToken();
    if (lexer.keyword() !== 'SELECT' && lexer.keyword() !== 'TABLE') return false;
    while (!isEnd(lexer)) {
      if (!(this.awaitsTable ? this.passTableReference() : this.passToken())) return false;
    }
    return !this.awaitsTable && (this.metadataTables > 0 || (this.asksSession && !this.isComputed));
  }

  private passTableReference(): boolean {
    const { lexer } = this;
    if (lexer.isOperator('(')) {
      this.isComputed = true;
      this.openParenthesis();
      return this.openTableList();
    }
    if (lexer.keyword() === 'SELECT') {
      this.awaitsTable = false;
      return this.passToken();
    }
    this.awaitsTable = false;
    if (lexer.keyword() === 'DUAL') return this.advance();
    if (lexer.kind !== 'name' && lexer.kind !== 'word') return false;
    const schema = lexer.name().toLowerCase();
    lexer.next();
    if (!lexer.isOperator('.') || !METADATA_SCHEMAS.has(schema)) return false;
    this.metadataTables += 1;
    lexer.next();
    return this.advance();
  }

  private passToken(): boolean {
    const { lexer } = this;
    switch (lexer.kind) {
      case 'operator': return this.passOperator();
      case 'atAt':
        this.asksSession = true;
        return this.advance();
      case 'word':
      case 'name': return this.passWord();
      default: return this.advance();
    }
  }

  private passOperator(): boolean {
    const { lexer } = this;
    if (lexer.isOperator('(')) {
      this.openParenthesis();
      return true;
    }
    if (lexer.isOperator(')')) {
      if (this.depth === 0) return false;
      this.closeTableList();
      this.depth -= 1;
    } else if (lexer.isOperator(',') && this.tableLists.at(-1) === this.depth) {
      this.awaitsTable = true;
    }
    return this.advance();
  }

  private passWord(): boolean {
    const { lexer } = this;
    const keyword = lexer.keyword();
    if (FOREIGN_WORDS.has(keyword)) return false;
    if (keyword === 'FROM') return this.advance() && this.openTableList();
    if (keyword === 'JOIN' || keyword === 'TABLE') this.awaitsTable = true;
    // A join. Directly after SELECT the word is a modifier.
    if (keyword === 'STRAIGHT_JOIN' && this.tableLists.at(-1) === this.depth) this.awaitsTable = true;
    if (AFTER_TABLES.has(keyword)) this.closeTableList();
    const isSessionFunction = SESSION_FUNCTIONS.has(keyword);
    lexer.next();
    if (lexer.isOperator('(') && !isSessionFunction) this.isComputed = true;
    if (isSessionFunction && (lexer.isOperator('(') || keyword === 'CURRENT_USER')) this.asksSession = true;
    return true;
  }

  private advance(): boolean {
    this.lexer.next();
    return true;
  }

  private openParenthesis(): void {
    this.depth += 1;
    this.lexer.next();
  }

  private openTableList(): boolean {
    this.awaitsTable = true;
    if (this.tableLists.at(-1) !== this.depth) this.tableLists.push(this.depth);
    return this.tableLists.length <= MAX_NESTED_LISTS;
  }

  private closeTableList(): void {
    while (this.tableLists.length > 0 && this.tableLists.at(-1)! >= this.depth) this.tableLists.pop();
  }
}
