/**
 * Copies a text into memory of its own. A part of a string keeps the whole string in memory, so a part is copied if it
 * is kept for long.
 */
export function ownCopy(part: string): string {
  return Buffer.from(part, 'utf16le').toString('utf16le');
}
