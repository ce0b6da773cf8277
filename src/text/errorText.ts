/** The message of a thrown value. */
export function errorText(thrown: unknown): string {
  return asError(thrown).message;
}

/** A thrown value as an Error. (Any value can be thrown.) */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
