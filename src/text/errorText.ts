/** The message of whatever was thrown. */
export function errorText(thrown: unknown): string {
  return asError(thrown).message;
}

/** What was thrown as an Error. Anything can be thrown. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
