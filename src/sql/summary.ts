import { Lexer } from './lexer.js';
import { verbOf } from './statement.js';

/** The operations of a statement, and their tables. */
export interface Summary {
  /** The verb of its first statement, such as `SELECT`. */
  readonly operation: string;
  /** The operations with their tables, in the order of the text: `SELECT orders customers`. */
  readonly text: string;
}

const MAX_LENGTH = 255;

/** Words that begin an operation, also after other words, as in INSERT … SELECT. */
const OPERATIONS = new Set(['SELECT', 'INSERT', 'REPLACE', 'UPDATE', 'DELETE', 'CALL']);
/** Words after which no operation begins: FOR UPDATE, ON DUPLICATE KEY UPDATE, ON DELETE. */
const NO_OPERATION_BEHIND = new Set(['FOR', 'KEY', 'ON']);
/** Words before a table, or before the routine that is called. */
const BEFORE_TABLE = new Set(['FROM', 'JOIN', 'STRAIGHT_JOIN', 'INTO', 'UPDATE', 'TABLE', 'CALL']);
const QUERY = new Set(['SELECT', 'WITH', 'TABLE']);

/**
 * Summarizes a statement in the form of OpenTelemetry's conventions for databases. Like statements get the same name.
 * Source: https://opentelemetry.io/docs/specs/semconv/database/database-spans/#generating-a-summary-of-the-query
 * @param normalForm a statement without its literals
 * @returns null if it does not begin with a word
 */
export function summaryOf(normalForm: string): Summary | null {
  const operation = verbOf(new Lexer(normalForm));
  if (operation === '') return null;
  const parts = [...OPERATIONS.has(operation) ? [] : [operation], ...partsOf(normalForm)];
  return { operation, text: parts.join(' ').slice(0, MAX_LENGTH) };
}

/** The operations and tables of a text. */
function* partsOf(text: string): Generator<string> {
  const lexer = new Lexer(text);
  lexer.next();
  // For each open parenthesis, whether it may hold tables. In a function, such as TRIM(… FROM …), it holds none.
  const holdTables: boolean[] = [true];
  let before = '';
  let expectsTable = false;
  while (lexer.kind !== 'end') {
    const word = lexer.keyword();
    if (lexer.isOperator('(')) holdTables.push(expectsTable);
    else if (lexer.isOperator(')') && holdTables.length > 1) holdTables.pop();
    else if (lexer.kind === 'name' && expectsTable) {
      yield qualifiedName(lexer);
      expectsTable = false;
      before = '';
      continue;
    }
    if (before === '(' && QUERY.has(word)) holdTables[holdTables.length - 1] = true;
    const isCalled = text.startsWith(' (', lexer.end) && word !== 'SELECT';
    if (OPERATIONS.has(word) && !NO_OPERATION_BEHIND.has(before) && !isCalled) yield word;
    if (!lexer.isOperator('(')) {
      expectsTable = BEFORE_TABLE.has(word) && holdTables.at(-1) === true && !NO_OPERATION_BEHIND.has(before);
    }
    before = lexer.isOperator('(') ? '(' : word;
    lexer.next();
  }
}

/** Reads a name with its qualifiers, and moves the lexer past them. */
function qualifiedName(lexer: Lexer): string {
  let name = lexer.name();
  while (lexer.next() === 'operator' && lexer.isOperator('.')) {
    lexer.next();
    name += `.${lexer.name()}`;
  }
  return name;
}
