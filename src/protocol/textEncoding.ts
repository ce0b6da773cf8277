import { shortened } from './frontText.js';

// The encoding of an error's text. Servers write it in the session's `character_set_results`, and a character that this
// character set lacks as its code point: `\0416` or `\+01F600`. (MySQL manual, "Error Message Character Set".)

/**
 * The encodings that Sluice writes. `ascii` stands for all other character sets: nearly all of them have ASCII's
 * characters in ASCII's places. So a text in `ascii` is never wrong, only less readable.
 */
export type TextEncoding = 'utf8' | 'latin1' | 'ascii';

/**
 * The encoding that a client asks for with a collation's number, in its answer to the greeting or in COM_CHANGE_USER.
 * (`information_schema.COLLATIONS` of MySQL 9.7 and MariaDB 10.11.)
 */
export function encodingOfCollation(id: number): TextEncoding {
  if (LATIN1_COLLATIONS.has(id)) return 'latin1';
  return UTF8_COLLATIONS.some(([from, to]) => id >= from && id <= to) ? 'utf8' : 'ascii';
}

/** The encoding of texts where `character_set_results` has this value: the name of a character set, or NULL. */
export function encodingOfCharacterSet(name: string): TextEncoding {
  return ENCODINGS.get(name.toLowerCase()) ?? 'ascii';
}

/**
 * A text of at most `maxBytes` bytes in an encoding, in which each character that the encoding lacks stands as its code
 * point. If the text is longer, it ends in "..." after a whole character.
 */
export function textFor(encoding: TextEncoding, text: string, maxBytes: number): string {
  if (encoding === 'utf8') return shortened(text, maxBytes);
  const characters = Array.from(text, (character) => (has(encoding, character) ? character : codePoint(character)));
  const whole = characters.join('');
  if (whole.length <= maxBytes) return whole; // each character has one byte now
  let front = '';
  for (const character of characters) {
    if (front.length + character.length > maxBytes - ELLIPSIS.length) break;
    front += character;
  }
  return front + ELLIPSIS;
}

/** The bytes of a text from `textFor` for the same encoding. */
export function encodeText(encoding: TextEncoding, text: string): Buffer {
  if (encoding !== 'latin1') return Buffer.from(text);
  return Buffer.from(text.replace(WINDOWS_1252, (character) => String.fromCharCode(0x80 + HIGH.indexOf(character))),
    'latin1');
}

function has(encoding: 'latin1' | 'ascii', character: string): boolean {
  if (character <= '\x7f') return true;
  return encoding === 'latin1' && (HIGH.includes(character) || (character >= '\xa0' && character <= '\xff'));
}

function codePoint(character: string): string {
  const code = character.codePointAt(0)!;
  const digits = code.toString(16).toUpperCase();
  return code > 0xffff ? `\\+${digits.padStart(6, '0')}` : `\\${digits.padStart(4, '0')}`;
}

const ELLIPSIS = '...';

/** The characters of the bytes 0x80 to 0x9F in the servers' `latin1`, which is Windows-1252. */
const HIGH = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ';
const WINDOWS_1252 = new RegExp(`[${HIGH}]`, 'g');

const LATIN1_COLLATIONS: ReadonlySet<number> = new Set([5, 8, 15, 31, 47, 48, 49, 94]);
/** The ranges of the numbers of utf8mb3, utf8mb4 and binary. */
const UTF8_COLLATIONS: readonly (readonly [from: number, to: number])[] = [
  [33, 33], [45, 46], [63, 63], [76, 76], [83, 83], [192, 215], [223, 247], [255, 323],
];

/** NULL and `binary` stand for no conversion: servers keep their texts in UTF-8. */
const ENCODINGS: ReadonlyMap<string, TextEncoding> = new Map([
  ['utf8mb4', 'utf8'], ['utf8mb3', 'utf8'], ['utf8', 'utf8'], ['binary', 'utf8'], ['null', 'utf8'], ['', 'utf8'],
  ['latin1', 'latin1'],
]);
