/**
 * The same text in memory of its own. A part of a string keeps all of that string in memory, so a part that is to be
 * kept for long is copied.
 */
export function ownCopy(part: string): string {
  return Buffer.from(part, 'utf16le').toString('utf16le');
}
