import { isHexDigit, PERCENT } from './characters.js';
import { codeAt } from './scan.js';

/** Decodes url-encoded text, also with doubled percent signs. A stray `%` stays. */
export function urlDecoded(text: string): string {
  let decodedText = '';
  let from = 0;
  for (let at = text.indexOf('%'); at !== -1;) {
    const end = endOfRun(text, at);
    if (end > at) {
      decodedText += text.slice(from, at) + decodedRun(text, at, end);
      from = end;
    }
    at = text.indexOf('%', Math.max(end, at + 1));
  }
  return from === 0 ? text : decodedText + text.slice(from);
}

/** The end of the encoded bytes that stand here one after the other; the offset itself if there are none. */
function endOfRun(text: string, from: number): number {
  for (let end = from; ;) {
    const digits = end + (codeAt(text, end + 1) === PERCENT ? 2 : 1);
    const isByte = codeAt(text, end) === PERCENT && isHexDigit(codeAt(text, digits)) &&
      isHexDigit(codeAt(text, digits + 1));
    if (!isByte) return end;
    end = digits + 2;
  }
}

/** Most runs are one character of ASCII. */
function decodedRun(text: string, from: number, end: number): string {
  const byte = 16 * hexValue(codeAt(text, end - 2)) + hexValue(codeAt(text, end - 1));
  if (end - from <= MAX_BYTE_LENGTH && byte < NOT_ASCII) return String.fromCharCode(byte);
  return Buffer.from(text.slice(from, end).replaceAll('%', ''), 'hex').toString();
}

function hexValue(digit: number): number {
  return (digit & 0xf) + (digit >> 6) * 9;
}

const NOT_ASCII = 0x80;
/** The length of `%%2F`. */
const MAX_BYTE_LENGTH = 4;
