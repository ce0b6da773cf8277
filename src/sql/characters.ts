// The character classes of the servers' lexers, by character code.

export const LINE_FEED = 0x0a;
export const SPACE = 0x20;
export const DELETE = 0x7f;
export const QUOTE = 0x27;
export const DOUBLE_QUOTE = 0x22;
export const BACKQUOTE = 0x60;
export const BACKSLASH = 0x5c;
export const DOT = 0x2e;
export const AT = 0x40;
export const BANG = 0x21;
export const HASH = 0x23;
export const PERCENT = 0x25;
export const PLUS = 0x2b;
export const COMMA = 0x2c;
export const MINUS = 0x2d;
export const STAR = 0x2a;
export const SLASH = 0x2f;
export const COLON = 0x3a;
export const SEMICOLON = 0x3b;
export const EQUALS = 0x3d;
export const QUESTION_MARK = 0x3f;
export const UNDERSCORE = 0x5f;
export const DIGIT_0 = 0x30;
export const DIGIT_1 = 0x31;
export const CAPITAL_M = 0x4d;
export const SMALL_B = 0x62;
export const SMALL_E = 0x65;
export const SMALL_N = 0x6e;
export const SMALL_X = 0x78;

const SPACE_CLASS = 1;
const DIGIT_CLASS = 2;
const HEX_CLASS = 4;
const IDENTIFIER_CLASS = 8;

const CLASSES = new Uint8Array(128);
const add = (characters: string, flag: number): void => {
  for (const character of characters) CLASSES[character.charCodeAt(0)]! |= flag;
};
add(' \t\n\v\f\r', SPACE_CLASS);
add('0123456789', DIGIT_CLASS | HEX_CLASS | IDENTIFIER_CLASS);
add('abcdefABCDEF', HEX_CLASS);
add('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_$', IDENTIFIER_CLASS);

const isIn = (code: number, flag: number): boolean => code < 128 && (CLASSES[code]! & flag) !== 0;

/** Space, tab, line feed, vertical tab, form feed, carriage return. */
export const isSpace = (code: number): boolean => isIn(code, SPACE_CLASS);

/** 0 to 9. */
export const isDigit = (code: number): boolean => isIn(code, DIGIT_CLASS);

/** 0 to 9, a to f, A to F. */
export const isHexDigit = (code: number): boolean => isIn(code, HEX_CLASS);

/** A letter, a digit, `_`, `$`, or anything beyond ASCII. */
export const isIdentifierChar = (code: number): boolean => code >= 128 || isIn(code, IDENTIFIER_CLASS);

/** The small letter of an ASCII letter. Other characters never become a letter. */
export const toSmallLetter = (code: number): number => code | 0x20;
