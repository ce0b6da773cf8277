import { readFileSync } from 'node:fs';
import { keywordOf } from '../../src/sql/keywords.js';
import { Lexer } from '../../src/sql/lexer.js';

/** Statements of all kinds, each on a line, that MySQL 9 takes. */
export const STATEMENTS: readonly string[] = readFileSync(new URL('statements.sql', import.meta.url), 'utf8')
  .split('\n').filter((line) => line !== '');

type Token = (lexer: Lexer) => string;

/** Rebuilds a statement from its tokens and the text between them. */
const rewrite = (sql: string, token: Token, gap = (text: string): string => text): string => {
  const lexer = new Lexer(sql);
  let result = '';
  for (let end = 0; lexer.next() !== 'end'; end = lexer.end) {
    result += gap(sql.slice(end, lexer.start)) + token(lexer);
  }
  return result;
};

const otherLiteral = (lexer: Lexer): string => {
  const text = lexer.text();
  if (lexer.kind === 'integer') return `${Number(text) + 7}`;
  if (lexer.kind === 'string' && /^'[a-z]*'$/.test(text)) return "'it''s \\'another\\' -- /* one'";
  return text;
};

/** The same statement with other literals of the same kinds. */
export const withOtherLiterals = (sql: string): string => rewrite(sql, otherLiteral);

const LAYOUT = " /* here's */\n\t-- and `here\n";

/** The same statement with comments and line feeds for spaces. */
export const withOtherLayout = (sql: string): string =>
  rewrite(sql, (lexer) => lexer.text(), (gap) => (/^ +$/.test(gap) ? LAYOUT : gap));

/** All words in capitals: keywords stay the same, identifiers may change. */
export const inCapitals = (sql: string): string =>
  rewrite(sql, (lexer) => (lexer.kind === 'word' ? lexer.text().toUpperCase() : lexer.text()));

/** The identifiers in backquotes. */
export const withQuotedNames = (sql: string): string =>
  rewrite(sql, (lexer) => {
    const isIdentifier = lexer.kind === 'word' && keywordOf(lexer.keyword(), lexer.isCalled()) === null;
    return isIdentifier ? `\`${lexer.text()}\`` : lexer.text();
  });

/** Every prefix of a text, itself included. */
export const prefixesOf = (text: string): string[] =>
  Array.from({ length: text.length + 1 }, (_, end) => text.slice(0, end));

const FRAGMENTS = [
  '/*', '*/', '/*!', '/*!50000', '/*+', '/*M!', '--', '-- ', '#', '\n', "'", '"', '`', '\\', '@', '@@', '?',
  ';', '(', ')', ',', '.', '1', '1e', '0x', "x'", "n'", '_utf8', 'NULL', 'SELECT', 'INTO', 'WITH', 'VALUES',
  'ORDER BY', 'IN', '-', '+', ' ', 'sluice:',
];

/** Endless hostile text, the same in every run: partly bytes, partly pieces of SQL. */
export function* randomTexts(seed: number): Generator<string> {
  let state = seed;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0; // the generator of Numerical Recipes
    return Math.floor((state / 2 ** 32) * below);
  };
  for (;;) {
    let text = '';
    for (let count = random(40); count > 0; count -= 1) {
      text += random(2) === 0 ? String.fromCharCode(random(256)) : FRAGMENTS[random(FRAGMENTS.length)];
    }
    yield text;
  }
}
