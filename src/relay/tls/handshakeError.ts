/** A client has closed its connection before its TLS handshake was over. */
export class ClientLeftError extends Error {}

/** What went wrong in a TLS handshake, without OpenSSL's own account of where. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'reason' in error && typeof error.reason === 'string' ? error.reason : error.message;
}
