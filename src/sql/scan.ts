import {
  BACKSLASH, DIGIT_0, DIGIT_1, isDigit, isHexDigit, isIdentifierChar, MINUS, PLUS, SLASH, SMALL_B, SMALL_E, SMALL_X,
  STAR,
  toSmallLetter,
} from './characters.js';

// The ends of literals, names, numbers and comments. Each function takes the text and the index at which something
// begins, and returns the index after it. It returns `undefined` if the thing has no end in the text, or is another
// thing.

/** The character's code at an index; 0 after the text's end, as in the servers' lexers. */
export const codeAt = (sql: string, index: number): number =>
  index < sql.length ? sql.charCodeAt(index) : 0;

/** The end of the identifier characters from here on. */
export function endOfIdentifier(sql: string, from: number): number {
  let index = from;
  while (isIdentifierChar(codeAt(sql, index))) index += 1;
  return index;
}

/** The end of the digits from here on. */
export function endOfDigits(sql: string, from: number): number {
  let index = from;
  while (isDigit(codeAt(sql, index))) index += 1;
  return index;
}

/**
 * The end of a quoted string or name.
 * @param from the index of the opening quote
 * @param escapes whether a backslash escapes the next character; a doubled quote is always escaped
 */
export function endOfQuoted(sql: string, from: number, escapes: boolean): number | null {
  const quote = codeAt(sql, from);
  for (let index = from + 1; index < sql.length; index += 1) {
    const code = sql.charCodeAt(index);
    if (code === BACKSLASH && escapes) {
      index += 1;
    } else if (code === quote) {
      if (sql.charCodeAt(index + 1) !== quote) return index + 1;
      index += 1;
    }
  }
  return null;
}

/**
 * The end of a versioned comment that the server skips. Only such a comment may contain a comment, one level deep.
 * (`consume_comment` of both servers.)
 */
export function endOfSkippedComment(sql: string, from: number): number | null {
  let depth = 1;
  for (let index = from + 2; index < sql.length; index += 1) {
    const code = sql.charCodeAt(index);
    const opens = code === SLASH && depth === 1 && codeAt(sql, index + 1) === STAR;
    const closes = code === STAR && codeAt(sql, index + 1) === SLASH;
    if (!opens && !closes) continue;
    depth += opens ? 1 : -1;
    index += 1;
    if (depth === 0) return index + 1;
  }
  return null;
}

/** The end of `e5`, `E+5` or `e-5`; the index itself if there is no exponent. */
export function endOfExponent(sql: string, from: number): number {
  if (toSmallLetter(codeAt(sql, from)) !== SMALL_E) return from;
  const sign = codeAt(sql, from + 1);
  const digits = from + (sign === PLUS || sign === MINUS ? 2 : 1);
  const end = endOfDigits(sql, digits);
  return end === digits ? from : end;
}

/** The end of a number from its `.` on: `.5`, `.5e-3`, and the rest of `1.` */
export const endOfFraction = (sql: string, dot: number): number =>
  endOfExponent(sql, endOfDigits(sql, dot + 1));

/** The end of 0x41 or 0b01. Only a small x or b counts; 0x4g is an identifier. */
export function endOfPrefixedNumber(sql: string, from: number): number | null {
  const base = codeAt(sql, from + 1);
  if (codeAt(sql, from) !== DIGIT_0 || (base !== SMALL_X && base !== SMALL_B)) return null;
  const isDigitOfBase = base === SMALL_X ? isHexDigit : isBinaryDigit;
  let index = from + 2;
  while (isDigitOfBase(codeAt(sql, index))) index += 1;
  return index === from + 2 || isIdentifierChar(codeAt(sql, index)) ? null : index;
}

const isBinaryDigit = (code: number): boolean => code === DIGIT_0 || code === DIGIT_1;

/**
 * Whether a literal, a name or a comment may end elsewhere if the server reads the text in another character set.
 * There, the second byte of a character may be a backslash or a backquote (big5, cp932, gbk, gb18030, sjis), or a
 * character may be white space, which turns `--` into a comment (U+00A0 of latin1). (Seen: MariaDB 10.11.)
 */
export const dependsOnCharacterSet = (sql: string): boolean => /[^\0-\x7f][\\`]|--[^\0-\x7f]/.test(sql);
