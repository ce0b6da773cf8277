// The normal form of a statement: the tokens so far. The last few are merged as a server merges them for
// STATEMENT_DIGEST_TEXT(). Each token is added once and removed at most once, so the time grows only with the number of
// tokens. Names stand in backquotes, so that no name looks like one of the signs below.

/** The tokens of a normal form. */
export class NormalForm {
  /** The form has reached its greatest length and takes no more tokens. */
  isFull = false;
  private readonly tokens: string[] = [];
  private length = 0;

  /** The token at this distance from the end: 1 is the last one. */
  last(distance = 1): string | undefined {
    return this.tokens[this.tokens.length - distance];
  }

  /** Adds an operator, a keyword or another token that is shown as it is. */
  add(token: string): void {
    if (this.isFull) return;
    this.isFull = this.length + token.length > MAX_DIGEST_TEXT_LENGTH;
    const added = this.isFull ? CUT_MARK : token;
    this.tokens.push(added);
    this.length += added.length + 1;
  }

  /** Adds an identifier, given without its quotes. */
  addName(name: string): void {
    this.add(name.length > MAX_DIGEST_TEXT_LENGTH ? name : quoteName(name));
  }

  /** Adds a number together with the signs before it: a literal. */
  addNumber(): void {
    while (this.endsInSign() && BEFORE_SIGNED_NUMBER.has(this.last(2) ?? '')) this.drop(1);
    this.addValue();
  }

  /** Adds a literal; `?, ?` becomes a list. */
  addValue(): void {
    if (this.last() === ',' && (this.last(2) === VALUE || this.last(2) === VALUE_LIST)) {
      this.drop(2);
      this.add(VALUE_LIST);
    } else {
      this.add(VALUE);
    }
  }

  /** Adds the keyword NULL. It is a literal at the beginning of an expression. */
  addNull(): void {
    const before = this.last() === 'NOT' ? this.last(2) : this.last();
    if (BEFORE_NULL_LITERAL.has(before ?? '')) this.addValue();
    else this.add('NULL');
  }

  /** Adds a `)`. A row of literals becomes one sign, several rows become one sign, and so does any list after IN. */
  closeParenthesis(): void {
    const isOpen = this.last(2) === '(';
    if (isOpen && this.last() === VALUE) this.addRow(SINGLE_ROW, SINGLE_ROWS);
    else if (isOpen && this.last() === VALUE_LIST) this.addRow(ROW, ROWS);
    else this.add(')');
  }

  /** Replaces the last token. */
  replaceLast(token: string): void {
    if (this.isFull) return;
    this.drop(1);
    this.add(token);
  }

  /** Adds the name of a query block in a hint. After a table's name it stands without a space: `t`@`block`. */
  addQueryBlock(name: string, isOfTable: boolean): void {
    if (isOfTable) {
      this.replaceLast(`${this.last() ?? ''}@${quoteName(name)}`);
    } else {
      this.add('@');
      this.addName(name);
    }
  }

  /** The whole form without the semicolons at its end. */
  text(): string {
    while (this.last() === ';') this.drop(1);
    let text = '';
    let isTight = true;
    for (const token of this.tokens) {
      text += isTight ? token : ` ${token}`;
      isTight = token === '@' || token === '@@';
    }
    return text;
  }

  private endsInSign(): boolean {
    return this.last() === '-' || this.last() === '+';
  }

  private addRow(row: string, rows: string): void {
    this.drop(2);
    if (this.last() === ',' && (this.last(2) === row || this.last(2) === rows)) {
      this.drop(2);
      this.add(rows);
    } else if (this.last() === 'IN') {
      this.replaceLast(IN_VALUES);
    } else {
      this.add(row);
    }
  }

  private drop(count: number): void {
    if (this.isFull) return;
    for (const token of this.tokens.splice(-count)) this.length -= token.length + 1;
  }
}

const VALUE = '?';
const VALUE_LIST = '?, ...';
const SINGLE_ROW = '(?)';
const SINGLE_ROWS = '(?) /* , ... */';
const ROW = '(...)';
const ROWS = '(...) /* , ... */';
const IN_VALUES = 'IN (...)';
const CUT_MARK = '...';

/** The longest normal form, in characters. A longer one is cut after a token and ends in `...`. */
export const MAX_DIGEST_TEXT_LENGTH = 4096;

// After these tokens a sign belongs to the number that follows: a = -1 becomes a = ?, but a - 1 becomes a - ?. The list
// is the server's, without WHERE and without :=.
const BEFORE_SIGNED_NUMBER = new Set([
  '(', ',', '=', '<', '>', '<=', '>=', '!=', '<=>', '|', '&', '||', '&&', '<<', '>>', '+', '-', '*', '/', '%',
  '^', 'AND', 'AT', 'BETWEEN', 'CASE', 'DEFAULT', 'DIV', 'ELSE', 'ELSEIF', 'ENDS', 'EVERY', 'IF', 'INTERVAL',
  'LIKE', 'MOD', 'NOT', 'OR', 'RETURN', 'RLIKE', 'SELECT', 'STARTS', 'THEN', 'UNTIL', 'WHEN', 'WHILE', 'XOR',
]);

// After these tokens NULL is a literal. Elsewhere it is a word of the grammar: IS NULL, NOT NULL, a INT NULL, SET NULL.
const BEFORE_NULL_LITERAL = new Set([
  ...BEFORE_SIGNED_NUMBER, ':=', '!', '~', '*/', 'ALL', 'BINARY', 'BOTH', 'BY', 'DISTINCTROW', 'DO', 'ESCAPE',
  'FOR', 'FROM', 'HAVING', 'HIGH_PRIORITY', 'KILL', 'LEADING', 'ON', 'QUALIFY', 'SQL_BIG_RESULT',
  'SQL_BUFFER_RESULT', 'SQL_CALC_FOUND_ROWS', 'SQL_NO_CACHE', 'SQL_SMALL_RESULT', 'STRAIGHT_JOIN', 'TRAILING',
  'WHERE',
]);
BEFORE_NULL_LITERAL.delete('NOT');

const quoteName = (name: string): string => `\`${name.includes('`') ? name.replaceAll('`', '``') : name}\``;
