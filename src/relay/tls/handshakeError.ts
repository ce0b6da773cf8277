import { errorCode } from '../../text/errorText.js';

/** A client has closed its connection before the end of its TLS handshake. */
export class ClientLeftError extends Error {}

/** The reason why a TLS handshake failed, without OpenSSL's internals, and with a remedy if there is one. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const reason = 'reason' in error && typeof error.reason === 'string' ? error.reason : error.message;
  const remedy = REMEDIES.get(errorCode(error) ?? '');
  return remedy === undefined ? reason : `${reason}: ${remedy}`;
}

const SET_CA = 'set upstream.tls.ca to the certificate that its own was signed with';

/** Remedies for refused server certificates, by Node.js's error codes. */
const REMEDIES: ReadonlyMap<string, string> = new Map([
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'set upstream.tls.serverName to a name that it is for, or use mode verify-ca'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', SET_CA],
  ['SELF_SIGNED_CERT_IN_CHAIN', SET_CA],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', SET_CA],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', SET_CA],
]);
