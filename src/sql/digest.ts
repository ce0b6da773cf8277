import { hash } from 'node:crypto';
import { ColumnPositions } from './columnPositions.js';
import { isHintKeyword, keywordOf } from './keywords.js';
import { Lexer, type SqlMode } from './lexer.js';
import { MAX_DIGEST_TEXT_LENGTH, NormalForm } from './normalForm.js';

// A statement's digest: the statement without its literals. It is made as MySQL's STATEMENT_DIGEST_TEXT() makes it.
// With few exceptions it is the same text as MySQL 9.7's, so that it can be looked up in performance_schema.
//
// The exceptions:
// - If the server is not known, the content of a versioned comment counts as code, whatever its version, MariaDB's too.
//   (A server skips a version later than its own.)
// - A backquote inside a name is doubled.
// - Words that only MariaDB knows are identifiers.
// - The body of a JavaScript routine is not one literal.
// - A text of several statements has one digest, and a refused statement has one too.

/** After these words an optimizer hint is part of the statement. Elsewhere it is a comment. */
const BEFORE_HINTS = new Set(['SELECT', 'INSERT', 'REPLACE', 'UPDATE', 'DELETE']);
const CHARACTER_SET = '(_charset)';
const DIGEST_LENGTH = 16;

/**
 * @param sql a statement, or the first part of one; it need not be valid
 * @returns its normal form of at most about 4,100 characters; the time grows only with the statement's length
 */
export function digestText(sql: string, mode: SqlMode = {}): string {
  return normalFormOf(new Lexer(sql, mode));
}

/** The normal form, and what else is learnt from the whole text. For texts that are not very long. */
export function normalized(sql: string, mode: SqlMode = {}): Normalized {
  const lexer = new Lexer(sql, mode);
  const text = normalFormOf(lexer);
  while (lexer.kind !== 'end') lexer.nextOrComment();
  return { text, dependsOnServer: lexer.dependsOnServer, isOpenEnded: lexer.isOpenEnded };
}

/** A text's normal form. */
export interface Normalized {
  readonly text: string;
  /** Another server would have another normal form, because some servers skip a versioned comment in the text. */
  readonly dependsOnServer: boolean;
  /** The last literal, quoted name or comment of the text has no end: further text would belong to it. */
  readonly isOpenEnded: boolean;
}

/**
 * @param text a normal form
 * @returns the first 16 hexadecimal digits of its SHA-256: short, and the same on every machine
 */
export function digestHash(text: string): string {
  return hash('sha256', text).slice(0, DIGEST_LENGTH);
}

/** Reads on until the form is full or the text ends. */
function normalFormOf(lexer: Lexer): string {
  const normalizer = new Normalizer(lexer);
  while (!normalizer.form.isFull && lexer.nextOrComment() !== 'end') normalizer.add();
  return normalizer.text();
}

class Normalizer {
  readonly form = new NormalForm();
  private readonly positions = new ColumnPositions(this.form);
  private mayHaveHints = false;

  constructor(private readonly lexer: Lexer) {}

  text(): string {
    this.positions.end();
    return this.form.text();
  }

  /** Adds the lexer's current token. */
  add(): void {
    const { lexer, form, positions } = this;
    const { kind } = lexer;
    const mayHaveHints = this.mayHaveHints;
    this.mayHaveHints = false;
    if (kind === 'comment') return;
    if (kind === 'hint') {
      if (mayHaveHints) addHints(form, lexer.text());
      return;
    }
    if (kind === 'word') return this.addWord();
    if (kind === 'operator') return this.addOperator(lexer.text());
    const isPosition = kind === 'integer' && positions.expectsPosition();
    positions.beforeOther();
    switch (kind) {
      case 'name': return form.addName(lexer.name());
      case 'variable': return this.addVariable();
      case 'atAt': return form.add('@@');
      case 'introducer': return form.add(CHARACTER_SET);
      case 'string':
      case 'placeholder': return form.addValue();
      default:
        form.addNumber();
        if (isPosition) positions.noteInteger(lexer.text());
    }
  }

  private addWord(): void {
    const { lexer, form, positions } = this;
    const keyword = keywordOf(lexer.keyword(), lexer.isCalled());
    if (keyword === null) {
      positions.beforeOther();
      form.addName(lexer.name());
      return;
    }
    positions.beforeKeyword(keyword);
    if (keyword === 'NULL') form.addNull();
    else form.add(keyword);
    this.mayHaveHints = BEFORE_HINTS.has(keyword);
  }

  private addOperator(operator: string): void {
    this.positions.beforeOperator(operator);
    if (operator === ')') this.form.closeParenthesis();
    else this.form.add(operator === '<>' ? '!=' : operator);
  }

  /**
   * The name of a variable counts only if it is quoted as an identifier is. Otherwise servers treat the variable as a
   * literal.
   */
  private addVariable(): void {
    this.form.add('@');
    if (this.lexer.isQuotedVariable()) this.form.addName(this.lexer.name());
    else this.form.addValue();
  }
}

/** Adds the contents of a hint comment. There a sign is never part of a number, but a unit may be: 16M. */
function addHints(form: NormalForm, comment: string): void {
  const lexer = new Lexer(comment.slice('/*+'.length, comment.endsWith('*/') ? -'*/'.length : undefined));
  if (lexer.next() === 'end') return;
  form.add('/*+');
  let end = lexer.start;
  for (; lexer.kind !== 'end' && !form.isFull; lexer.next()) {
    addHintToken(form, lexer, lexer.start === end);
    end = lexer.end;
  }
  form.add('*/');
}

function addHintToken(form: NormalForm, lexer: Lexer, isAdjacent: boolean): void {
  const text = lexer.end - lexer.start <= MAX_DIGEST_TEXT_LENGTH ? lexer.text() : '';
  switch (lexer.kind) {
    case 'word':
    case 'name':
      if (/^\d+[KMG]$/i.test(text)) form.addValue();
      else if (isHintKeyword(lexer.keyword())) form.add(lexer.keyword());
      else form.addName(lexer.name());
      return;
    case 'variable':
      form.addQueryBlock(lexer.name(), isAdjacent && form.last()?.endsWith('`') === true);
      return;
    case 'operator':
      if (text === ')') form.closeParenthesis();
      else form.add(text);
      return;
    case 'string':
    case 'integer':
    case 'number':
    case 'placeholder': return form.addValue();
    default: return form.add(text);
  }
}
