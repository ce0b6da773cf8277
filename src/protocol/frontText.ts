/** The text in the first `maxBytes` bytes of UTF-8. A character that does not fit whole is left out. */
export function frontText(bytes: Buffer, maxBytes: number): string {
  return bytes.toString('utf8', 0, frontBytes(bytes, maxBytes));
}

/** The text in at most `maxBytes` bytes of UTF-8. Where it is longer, it ends in "..." after a whole character. */
export function shortened(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text);
  return bytes.length <= maxBytes ? text : `${frontText(bytes, maxBytes - 3)}...`;
}

/** The number of bytes of that front. */
export function frontBytes(bytes: Buffer, maxBytes: number): number {
  if (bytes.length <= maxBytes) return bytes.length;
  let end = maxBytes;
  // A byte 10xxxxxx continues a character, and a character has at most 4 bytes.
  while (end > maxBytes - MAX_CHARACTER_BYTES && (bytes[end]! & 0xc0) === 0x80) end -= 1;
  return end;
}

const MAX_CHARACTER_BYTES = 4;
