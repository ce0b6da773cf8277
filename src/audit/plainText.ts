/**
 * Escapes, inside strings, each character of a line of JSON that a terminal does not show as itself. Text from
 * elsewhere, such as a statement or an error, can then neither forge a line nor control a terminal. The JSON keeps its
 * meaning.
 */
export function plainText(json: string): string {
  return json.replace(UNPRINTABLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

// Characters that JSON does not escape, and that a terminal or a reader of lines treats in a special way: DEL, the
// control characters that ISO 6429 adds to ASCII's (a terminal reads U+009B as ESC [), line separators, and characters
// that change the direction of text or are invisible.
const UNPRINTABLE = /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** A text of any origin on one line of a terminal: shortened, and with all special characters as escapes. */
export function oneLine(text: string, longest: number): string {
  const line = shownAsItself(text.replace(/\s+/g, ' ').trim());
  return line.length <= longest ? line : `${line.slice(0, longest - 3)}...`;
}

/**
 * A text of any origin for a terminal, with its line breaks. Control characters, line separators, and characters that
 * change the direction of text or are invisible are shown as escapes.
 */
export function shownAsItself(text: string): string {
  return text.replace(/(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    const hex = character.codePointAt(0)!.toString(16);
    return hex.length > 4 ? `\\u{${hex}}` : `\\u${hex.padStart(4, '0')}`;
  });
}
