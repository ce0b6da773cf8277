/**
 * Copies a text into memory of its own. A part of a string keeps the whole string in memory, so a part is copied if it
 * is kept for long.
 */
export function ownCopy(part: string): string {
  return Buffer.from(part, 'utf16le').toString('utf16le');
}

/** Copies the front of a text, of at most `longest` characters, into memory of its own. */
export function ownFront(text: string, longest: number): string {
  return ownCopy(text.slice(0, longest));
}
