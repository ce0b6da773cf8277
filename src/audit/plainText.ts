/**
 * A line of JSON in which each character that is not shown as itself is escaped, inside strings: what others have said,
 * as in a statement or an error, can then neither forge a line nor command a terminal. It means the same.
 */
export function plainText(json: string): string {
  return json.replace(UNPRINTABLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

// What JSON leaves as it is, and a terminal or a reader of lines does not: DEL, the control characters that ISO 6429
// adds to ASCII's (a terminal takes U+009B for ESC [), separators of lines, and what turns the direction of text or
// hides in it.
const UNPRINTABLE = /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** A text of any origin on one line of a terminal: shortened, and with nothing in it that is not shown as itself. */
export function oneLine(text: string, longest: number): string {
  const line = shownAsItself(text.replace(/\s+/g, ' ').trim());
  return line.length <= longest ? line : `${line.slice(0, longest - 3)}...`;
}

/**
 * A text of any origin for a terminal, on the lines that it has: control characters, separators of lines, and what
 * turns the direction of text or hides in it are shown as escapes.
 */
export function shownAsItself(text: string): string {
  return text.replace(/(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    const hex = character.codePointAt(0)!.toString(16);
    return hex.length > 4 ? `\\u{${hex}}` : `\\u${hex.padStart(4, '0')}`;
  });
}
