/** The message of a thrown value. */
export function errorText(thrown: unknown): string {
  return asError(thrown).message;
}

/** The system's code of a thrown value, such as ENOENT; null if it has none. */
export function errorCode(thrown: unknown): string | null {
  if (!(thrown instanceof Error) || !('code' in thrown)) return null;
  return typeof thrown.code === 'string' ? thrown.code : null;
}

/** A thrown value as an Error. (Any value can be thrown.) */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
