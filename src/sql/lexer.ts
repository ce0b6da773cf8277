import {
  AT, BACKQUOTE, BANG, CAPITAL_M, DELETE, DOT, DOUBLE_QUOTE, HASH, isDigit, isIdentifierChar, isSpace, MINUS,
  PLUS, QUESTION_MARK, QUOTE, SLASH, SMALL_B, SMALL_N, SMALL_X, SPACE, STAR, toSmallLetter, UNDERSCORE,
} from './characters.js';
import { isCharacterSet } from './keywords.js';
import { runsComment, type SqlServer } from './sqlServer.js';
import {
  codeAt, endOfDigits, endOfExponent, endOfFraction, endOfIdentifier, endOfPrefixedNumber, endOfQuoted,
  endOfSkippedComment,
} from './scan.js';

// A tokenizer for the SQL of MySQL and MariaDB. It goes through the text once, reads each character a bounded number of
// times, and stores only positions. It never throws: text that no server would accept (an unterminated string, a stray
// character) is a token too, because the text may be the first part of a longer one.
//
//     [0, end) read · [start, end) the current token
//
// The text is a string that was decoded as UTF-8 or as latin1. From U+0080 on every character is part of an identifier,
// as it is for a server that reads UTF-8. The tokenizer is not exact in three cases:
// - Connections in big5, cp932, gbk, gb18030 and sjis: the second byte of a character may be a backslash or a
//   backquote.
// - Connections in latin1: U+00A0 is white space. (`dependsOnCharacterSet` finds this case and the one before.)
// - MySQL's $$..$$ around the body of a JavaScript routine is read as SQL. (To MariaDB $$ is an identifier.)

/** Reads one token after the other. The fields describe the last one. */
export class Lexer {
  kind: TokenKind = 'end';
  start = 0;
  /** The index after the token. The lexer has read that far, and has looked at a few more characters. */
  end = 0;
  /** A literal, a quoted identifier or a comment begins here and does not end in the text. */
  unterminated = false;
  /** There was a versioned comment that some servers run and others skip. */
  dependsOnServer = false;
  private inVersionedComment = false;
  /** A comment that ends with its line takes the rest of the text. */
  private inLineComment = false;
  /** The token is an identifier, and a `.` and another identifier follow without a space, like t in t.1e5. */
  private qualifies = false;
  private readonly doubleQuotesName: boolean;
  private readonly escapes: boolean;
  private readonly server: SqlServer | null;

  constructor(readonly sql: string, mode: SqlMode = {}) {
    this.server = mode.server ?? null;
    this.doubleQuotesName = mode.ansiQuotes === true;
    this.escapes = mode.noBackslashEscapes !== true;
  }

  /** At the end: text that followed would belong to the last literal, quoted name or comment. */
  get isOpenEnded(): boolean {
    return this.unterminated || this.inLineComment;
  }

  /** There was such a comment, and the server is not known. Its content is then code. */
  get hasUncertainComment(): boolean {
    return this.dependsOnServer && (this.server?.version ?? null) === null;
  }

  /** Reads the next token that is not a comment. After the last one it returns `end`, however often it is called. */
  next(): TokenKind {
    do this.nextOrComment(); while (this.kind === 'comment' || this.kind === 'hint');
    return this.kind;
  }

  /** Reads the next token or comment. The content of a versioned comment is code, and its marks are white space. */
  nextOrComment(): TokenKind {
    const { end, kind, qualifies } = this;
    const afterDot = kind === 'operator' && codeAt(this.sql, this.start) === DOT;
    this.skipSpace();
    this.start = this.end;
    this.qualifies = false;
    const first = codeAt(this.sql, this.start);
    if (this.start >= this.sql.length) {
      this.unterminated ||= this.inVersionedComment;
      this.kind = 'end';
    } else if (this.start === end && (afterDot || kind === 'atAt') && isIdentifierChar(first)) {
      // After a `.` even digits and keywords are identifiers: t.1e5, db.select. After @@ a keyword remains a keyword:
      // @@global.x.
      this.kind = this.identifier(kind === 'atAt' ? 'word' : 'name');
    } else if (qualifies && first === DOT) {
      this.kind = this.take('operator', this.start + 1);
    } else {
      this.kind = this.scan(first);
    }
    return this.kind;
  }

  /** The token as it was written. */
  text(): string {
    return this.sql.slice(this.start, this.end);
  }

  /** The token in upper case if it is a word that may be a keyword; otherwise the empty string. */
  keyword(): string {
    return this.kind === 'word' && this.end - this.start <= LONGEST_KEYWORD ? this.text().toUpperCase() : '';
  }

  /** The name of the identifier or variable, without quotes and without the @. */
  name(): string {
    const from = this.kind === 'variable' ? this.start + 1 : this.start;
    const quote = this.sql[from];
    if (quote !== '`' && quote !== '"' && quote !== "'") return this.sql.slice(from, this.end);
    const inner = this.sql.slice(from + 1, this.unterminated ? this.end : this.end - 1);
    return inner.includes(quote) ? inner.replaceAll(quote + quote, quote) : inner;
  }

  /** Whether the token is a variable whose name is quoted as an identifier: @`x`, not @x and not @'x'. */
  isQuotedVariable(): boolean {
    const quote = codeAt(this.sql, this.start + 1);
    const quotesName = quote === BACKQUOTE || (quote === DOUBLE_QUOTE && this.doubleQuotesName);
    return this.kind === 'variable' && quotesName;
  }

  /** Whether the token is this operator. */
  isOperator(operator: string): boolean {
    return this.kind === 'operator' && this.end - this.start === operator.length
      && this.sql.startsWith(operator, this.start);
  }

  /** Whether a `(` follows the token without a space. Only then a word such as COUNT is a keyword. */
  isCalled(): boolean {
    return this.sql[this.end] === '(';
  }

  private skipSpace(): void {
    do {
      while (isSpace(codeAt(this.sql, this.end))) this.end += 1;
    } while (this.closeVersionedComment() || this.openVersionedComment());
  }

  private closeVersionedComment(): boolean {
    if (!this.inVersionedComment || !this.sql.startsWith('*/', this.end)) return false;
    this.end += 2;
    this.inVersionedComment = false;
    return true;
  }

  /**
   * Skips the mark and the version of a comment such as `/*!50000 code` or MariaDB's `/*M!100100 code`. Skips the whole
   * comment if the server does not run it.
   */
  private openVersionedComment(): boolean {
    const { sql, server } = this;
    if (codeAt(sql, this.end) !== SLASH || codeAt(sql, this.end + 1) !== STAR) return false;
    const forMariadb = codeAt(sql, this.end + 2) === CAPITAL_M;
    const digits = this.end + (forMariadb ? 4 : 3);
    if (codeAt(sql, digits - 1) !== BANG) return false;
    let end = digits;
    while (end < digits + 6 && isDigit(codeAt(sql, end))) end += 1;
    // A version has five or six digits. MySQL takes the sixth one only if white space follows it.
    const isAmbiguous = end === digits + 6 && !isSpace(codeAt(sql, end));
    if (isAmbiguous && server !== null && !server.isMariadb) end -= 1;
    const codeFrom = end >= digits + 5 ? end : digits;
    const version = codeFrom === digits ? null : Number(sql.slice(digits, codeFrom));
    if (forMariadb || isAmbiguous || (version ?? 0) > LAST_CERTAIN_VERSION) this.dependsOnServer = true;
    const isSkipped = server !== null && !runsComment(server, version, forMariadb);
    const next = isSkipped ? endOfSkippedComment(sql, this.end) : codeFrom;
    this.end = next ?? sql.length;
    if (!isSkipped || next === null) this.inVersionedComment = true;
    return true;
  }

  private scan(first: number): TokenKind {
    const second = codeAt(this.sql, this.start + 1);
    if (isDigit(first)) return this.number();
    if (isIdentifierChar(first)) return second === QUOTE ? this.prefixedLiteral(first) : this.word(first);
    switch (first) {
      case QUOTE: return this.quoted('string', this.start, this.escapes);
      case DOUBLE_QUOTE:
        return this.doubleQuotesName
          ? this.quoted('name', this.start, false) : this.quoted('string', this.start, this.escapes);
      case BACKQUOTE: return this.quoted('name', this.start, false);
      case DOT: return isDigit(second) ? this.fraction() : this.operator(first);
      case AT: return this.variable(second);
      case HASH: return this.lineComment();
      case MINUS: return second === MINUS && this.isDashComment() ? this.lineComment() : this.operator(first);
      case SLASH: return second === STAR ? this.comment() : this.operator(first);
      case QUESTION_MARK: return this.take('placeholder', this.start + 1);
      default: return this.operator(first);
    }
  }

  /** Ends the token here. Without an end the token is the rest of the text. */
  private take(kind: TokenKind, end: number | null): TokenKind {
    this.unterminated = end === null;
    this.end = end ?? this.sql.length;
    return kind;
  }

  private quoted(kind: TokenKind, from: number, escapes: boolean): TokenKind {
    return this.take(kind, endOfQuoted(this.sql, from, escapes));
  }

  private identifier(kind: TokenKind): TokenKind {
    const end = endOfIdentifier(this.sql, this.start);
    this.qualifies = codeAt(this.sql, end) === DOT && isIdentifierChar(codeAt(this.sql, end + 1));
    return this.take(kind, end);
  }

  private word(first: number): TokenKind {
    this.identifier('word');
    // In `status.x` no word is a keyword. If a quote follows the `.`, the first word remains a keyword, as it does for
    // the servers.
    if (this.qualifies) return 'name';
    const isIntroducer = first === UNDERSCORE && this.end - this.start < LONGEST_KEYWORD
      && isCharacterSet(this.sql.slice(this.start + 1, this.end));
    return isIntroducer ? 'introducer' : 'word';
  }

  private prefixedLiteral(first: number): TokenKind {
    switch (toSmallLetter(first)) {
      case SMALL_N: return this.quoted('string', this.start + 1, this.escapes);
      case SMALL_X:
      case SMALL_B: return this.quoted('number', this.start + 1, false);
      default: return this.word(first);
    }
  }

  private fraction(): TokenKind {
    return this.take('number', endOfFraction(this.sql, this.start));
  }

  private number(): TokenKind {
    const { sql, start } = this;
    const prefixed = endOfPrefixedNumber(sql, start);
    if (prefixed !== null) return this.take('number', prefixed);
    const end = endOfDigits(sql, start);
    if (codeAt(sql, end) === DOT) return this.take('number', endOfFraction(sql, end));
    const exponent = endOfExponent(sql, end);
    if (exponent > end) return this.take('number', exponent);
    // 1a is a name.
    return isIdentifierChar(codeAt(sql, end)) ? this.identifier('name') : this.take('integer', end);
  }

  private variable(second: number): TokenKind {
    if (second === AT) return this.take('atAt', this.start + 2);
    const name = this.start + 1;
    if (second === QUOTE || second === DOUBLE_QUOTE) return this.quoted('variable', name, this.escapes);
    if (second === BACKQUOTE) return this.quoted('variable', name, false);
    let end = name;
    while (isIdentifierChar(codeAt(this.sql, end)) || codeAt(this.sql, end) === DOT) end += 1;
    return this.take('variable', end);
  }

  /**
   * Two dashes begin a comment before white space, before a control character and at the text's end; 1--1 is 1 - -1.
   */
  private isDashComment(): boolean {
    const third = codeAt(this.sql, this.start + 2);
    return third <= SPACE || third === DELETE;
  }

  private lineComment(): TokenKind {
    const lineFeed = this.sql.indexOf('\n', this.start);
    this.inLineComment = lineFeed === -1;
    return this.take('comment', lineFeed === -1 ? this.sql.length : lineFeed);
  }

  private comment(): TokenKind {
    const kind = codeAt(this.sql, this.start + 2) === PLUS ? 'hint' : 'comment';
    const close = this.sql.indexOf('*/', this.start + 2);
    return this.take(kind, close === -1 ? null : close + 2);
  }

  private operator(first: number): TokenKind {
    const long = LONG_OPERATOR_STARTS.has(first)
      ? LONG_OPERATORS.find((operator) => this.sql.startsWith(operator, this.start)) : undefined;
    return this.take('operator', this.start + (long?.length ?? 1));
  }
}

/** The properties of a session that decide where a literal or a comment ends: its `sql_mode` and its server. */
export interface SqlMode {
  /** `"x"` is an identifier. MariaDB's status flag 0x8000 tells this; MySQL does not tell it. */
  readonly ansiQuotes?: boolean;
  /** A backslash in a string is an ordinary character: status flag SERVER_STATUS_NO_BACKSLASH_ESCAPES, 0x200. */
  readonly noBackslashEscapes?: boolean;
  /** The server that reads the text. If it is not known, the content of any versioned comment is code. */
  readonly server?: SqlServer | null;
}

/**
 * - `word`: unquoted, a keyword or an identifier; `name`: certainly an identifier, quoted or next to a `.`
 * - `string`: '..', "..", N'..'; `integer`: decimal digits; `number`: any other number, including x'..' and b'..'
 * - `introducer`: _utf8mb4 and the like; `variable`: @x, and the @host of an account; `atAt`: @@, the name follows
 * - `placeholder`: ?; `operator`: everything else, including `( ) , ; .`
 * - `comment` and `hint` (an optimizer's, with a +): returned by `nextOrComment` only
 */
export type TokenKind = 'word' | 'name' | 'string' | 'integer' | 'number' | 'introducer' | 'variable' | 'atAt'
  | 'placeholder' | 'operator' | 'comment' | 'hint' | 'end';

// The longer operators come first. `--` begins a comment only before white space; elsewhere it is two operators.
const LONG_OPERATORS = ['<=>', '->>', '<=', '>=', '<>', '!=', '<<', '>>', ':=', '->', '||', '&&'];
const LONG_OPERATOR_STARTS = new Set(LONG_OPERATORS.map((operator) => operator.charCodeAt(0)));

// Both servers run the code of a comment with a version up to this one. From 50700 on MariaDB skips code that is for
// MySQL alone.
const LAST_CERTAIN_VERSION = 50699;
const LONGEST_KEYWORD = 64;
