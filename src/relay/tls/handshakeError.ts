/** A client has closed its connection before its TLS handshake was over. */
export class ClientLeftError extends Error {}

/** What went wrong in a TLS handshake, without OpenSSL's own account of where, and what helps where that is known. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const reason = 'reason' in error && typeof error.reason === 'string' ? error.reason : error.message;
  const remedy = 'code' in error ? REMEDIES.get(error.code) : undefined;
  return remedy === undefined ? reason : `${reason}: ${remedy}`;
}

const SET_CA = 'set upstream.tls.ca to the certificate that its own was signed with';

/** By the code that Node.js gives the error of a server's certificate that is not accepted. */
const REMEDIES: ReadonlyMap<unknown, string> = new Map([
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'set upstream.tls.serverName to a name that it is for, or use mode verify-ca'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', SET_CA],
  ['SELF_SIGNED_CERT_IN_CHAIN', SET_CA],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', SET_CA],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', SET_CA],
]);
