import { ColumnType, NULL_VALUE, type TypedValue } from './relation.js';
import { notUnderstood, SqlError } from './sqlError.js';
import { type Token, Tokens } from './tokens.js';
import { ServerErrors } from '../protocol/errorCodes.js';

/** An expression after SELECT, in a statement without FROM. */
export type Expression =
  | { readonly kind: 'literal'; readonly value: TypedValue }
  | { readonly kind: 'parameter'; readonly index: number }
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'function'; readonly name: string };

/** An expression with the name of its column: its alias, or its own text. */
export interface SelectItem {
  readonly name: string;
  readonly expression: Expression;
}

/** A number, or the index of the parameter that gives it. */
export type LimitValue = number | { readonly index: number };

export interface Limit {
  readonly offset: LimitValue;
  readonly count: LimitValue;
}

/** The columns that a SELECT names. */
export type ColumnNames = readonly string[] | '*';

export type Statement =
  | { readonly kind: 'rows'; readonly table: string; readonly columns: ColumnNames; readonly limit: Limit }
  | { readonly kind: 'count'; readonly table: string; readonly name: string; readonly limit: Limit }
  | { readonly kind: 'values'; readonly items: readonly SelectItem[]; readonly limit: Limit }
  | { readonly kind: 'show'; readonly what: 'tables' | 'databases' | 'nothing' }
  | { readonly kind: 'columns'; readonly table: string }
  | { readonly kind: 'use'; readonly schema: string }
  | { readonly kind: 'transaction'; readonly begins: boolean }
  | { readonly kind: 'autocommit'; readonly on: boolean }
  | { readonly kind: 'set' };

/** One statement of a COM_QUERY. */
export interface ParsedStatement {
  readonly statement: Statement;
  readonly parameterCount: number;
  /** Whether another statement follows. */
  readonly isFollowed: boolean;
}

/** The most columns of a result on either server. */
const MAX_COLUMNS = 4096;

const NO_LIMIT: Limit = { offset: 0, count: Infinity };

/**
 * The statements of a text, parsed one by one as servers do. Statements before an error are still answered. Throws
 * SqlError for a statement that the demo does not know, and for an empty text.
 */
export function* parseStatements(sql: string): Generator<ParsedStatement> {
  const tokens = new Tokens(sql);
  if (tokens.current.kind === 'end') throw new SqlError(ServerErrors.EMPTY_QUERY, 'Query was empty');
  let isFollowed = true;
  while (isFollowed) {
    const parsed = new StatementParser(tokens).parse();
    ({ isFollowed } = parsed);
    yield parsed;
  }
}

class StatementParser {
  #parameterCount = 0;

  constructor(private readonly tokens: Tokens) {}

  parse(): ParsedStatement {
    const statement = this.statement();
    const isClosed = this.tokens.accept(';');
    const isAtEnd = this.tokens.current.kind === 'end';
    if (!isClosed && !isAtEnd) throw this.notUnderstoodHere();
    return { statement, parameterCount: this.#parameterCount, isFollowed: !isAtEnd };
  }

  private statement(): Statement {
    const { tokens } = this;
    if (tokens.accept('SELECT')) return this.select();
    if (tokens.accept('SHOW')) return this.show();
    if (tokens.accept('USE')) return { kind: 'use', schema: this.identifier() };
    const isDescribe = tokens.accept('DESCRIBE') || tokens.accept('DESC');
    if (isDescribe) return { kind: 'columns', table: this.tableName() };
    if (tokens.accept('SET')) return this.set();
    if (tokens.accept('BEGIN') || tokens.accept('START')) return this.transaction(true);
    if (tokens.accept('COMMIT') || tokens.accept('ROLLBACK')) return this.transaction(false);
    throw this.notUnderstoodHere();
  }

  private select(): Statement {
    if (this.tokens.accept('*')) return this.from('*');
    const first = this.tokens.current;
    const isCount = first.kind === 'word' && first.text.toUpperCase() === 'COUNT';
    if (isCount) return this.count();
    const items: (SelectItem | string)[] = [];
    do items.push(this.item());
    while (this.tokens.accept(',') && items.length < MAX_COLUMNS);
    const names = items.filter((item) => typeof item === 'string');
    if (names.length === items.length) return this.from(names);
    const expressions = items.filter((item) => typeof item !== 'string');
    if (names.length > 0) throw notUnderstood(names[0]!);
    if (this.tokens.accept('FROM')) this.expect('DUAL');
    return { kind: 'values', items: expressions, limit: this.limit() };
  }

  private count(): Statement {
    const first = this.tokens.take();
    if (!this.tokens.accept('(') || !(this.tokens.accept('*') || this.tokens.take().kind === 'number')) {
      throw this.notUnderstoodHere();
    }
    this.expect(')');
    const text = this.tokens.sql.slice(first.start, this.tokens.takenTo);
    const name = this.alias() ?? text;
    this.expect('FROM');
    return { kind: 'count', table: this.tableName(), name, limit: this.limit() };
  }

  private from(columns: ColumnNames): Statement {
    this.expect('FROM');
    return { kind: 'rows', table: this.tableName(), columns, limit: this.limit() };
  }

  /** A column's name alone, or an expression with its name. */
  private item(): SelectItem | string {
    const first = this.tokens.take();
    const expression = this.expression(first);
    if (expression === null) return first.text;
    const text = this.tokens.sql.slice(first.start, this.tokens.takenTo);
    return { expression, name: this.alias() ?? (first.kind === 'string' ? first.text : text) };
  }

  /** The expression that begins with `first`; null if `first` is the name of a column. */
  private expression(first: Token): Expression | null {
    switch (first.kind) {
      case 'number':
        return literalNumber(first.text);
      case 'string':
        return { kind: 'literal', value: { value: first.text, type: ColumnType.VAR_STRING } };
      case 'variable':
        return { kind: 'variable', name: first.text.toLowerCase() };
      case 'name':
        return null;
      case 'word':
        return this.wordExpression(first.text);
      case 'symbol':
        if (first.text === '?') return { kind: 'parameter', index: this.nextParameter() };
        if (first.text === '-' && this.tokens.current.kind === 'number') {
          return literalNumber(`-${this.tokens.take().text}`);
        }
        throw notUnderstood(this.tokens.sql.slice(first.start));
      case 'end':
        throw notUnderstood('');
    }
  }

  private wordExpression(word: string): Expression | null {
    if (word.toUpperCase() === 'NULL') return { kind: 'literal', value: NULL_VALUE };
    if (!this.tokens.accept('(')) return null;
    this.expect(')');
    return { kind: 'function', name: word.toLowerCase() };
  }

  private alias(): string | null {
    if (this.tokens.accept('AS')) return this.identifier();
    const { kind, text } = this.tokens.current;
    const isKeyword = kind === 'word' && /^(from|limit)$/i.test(text);
    return NAME_KINDS.has(kind) && !isKeyword ? this.tokens.take().text : null;
  }

  private limit(): Limit {
    if (!this.tokens.accept('LIMIT')) return NO_LIMIT;
    const first = this.limitValue();
    if (this.tokens.accept(',')) return { offset: first, count: this.limitValue() };
    if (this.tokens.accept('OFFSET')) return { offset: this.limitValue(), count: first };
    return { offset: 0, count: first };
  }

  private limitValue(): LimitValue {
    if (this.tokens.accept('?')) return { index: this.nextParameter() };
    if (!/^\d+$/.test(this.tokens.current.text)) throw this.notUnderstoodHere();
    return Number(this.tokens.take().text);
  }

  private show(): Statement {
    const { tokens } = this;
    for (const modifier of ['FULL', 'SESSION', 'GLOBAL', 'EXTENDED']) tokens.accept(modifier);
    if (tokens.accept('COLUMNS') || tokens.accept('FIELDS')) {
      if (!tokens.accept('FROM')) this.expect('IN');
      return { kind: 'columns', table: this.tableName() };
    }
    const what = tokens.take().text.toUpperCase();
    if (!SHOWN.has(what)) throw notUnderstood(`SHOW ${what}`);
    this.skipRest();
    if (what === 'TABLES') return { kind: 'show', what: 'tables' };
    return { kind: 'show', what: what === 'DATABASES' || what === 'SCHEMAS' ? 'databases' : 'nothing' };
  }

  /** Settings have no effect, except for autocommit, which drivers read in the status flags. */
  private set(): Statement {
    const { tokens } = this;
    const isAutocommit = /^(@@session\.|@@)?autocommit$/i.test(tokens.current.text);
    if (tokens.current.kind === 'end') throw this.notUnderstoodHere();
    tokens.take();
    tokens.accept(':');
    tokens.accept('=');
    const value = tokens.current.text.toUpperCase();
    this.skipRest();
    return isAutocommit ? { kind: 'autocommit', on: ['1', 'ON', 'TRUE'].includes(value) } : { kind: 'set' };
  }

  private transaction(begins: boolean): Statement {
    this.skipRest();
    return { kind: 'transaction', begins };
  }

  private skipRest(): void {
    const isEnd = ({ kind, text }: Token): boolean => kind === 'end' || (kind === 'symbol' && text === ';');
    while (!isEnd(this.tokens.current)) this.tokens.take();
  }

  private tableName(): string {
    const first = this.identifier();
    return this.tokens.accept('.') ? this.identifier() : first;
  }

  private identifier(): string {
    if (!NAME_KINDS.has(this.tokens.current.kind)) throw this.notUnderstoodHere();
    return this.tokens.take().text;
  }

  private expect(text: string): void {
    if (!this.tokens.accept(text)) throw this.notUnderstoodHere();
  }

  private nextParameter(): number {
    this.#parameterCount += 1;
    return this.#parameterCount - 1;
  }

  private notUnderstoodHere(): SqlError {
    return notUnderstood(this.tokens.sql.slice(this.tokens.current.start));
  }
}

const NAME_KINDS: ReadonlySet<Token['kind']> = new Set<Token['kind']>(['word', 'name', 'string']);

const SHOWN = new Set([
  'TABLES', 'DATABASES', 'SCHEMAS', 'WARNINGS', 'ERRORS', 'VARIABLES', 'STATUS', 'ENGINES', 'COLLATION',
]);

function literalNumber(text: string): Expression {
  const value = Number(text);
  const isInteger = /^-?\d+$/.test(text) && Number.isSafeInteger(value);
  if (isInteger) return { kind: 'literal', value: { value, type: ColumnType.LONGLONG } };
  return { kind: 'literal', value: { value: text, type: ColumnType.NEWDECIMAL } };
}
