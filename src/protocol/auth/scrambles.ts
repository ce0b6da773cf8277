import { createHash } from 'node:crypto';

/** The length of the nonce of MySQL's plugins. A NUL may follow it. */
export const NONCE_BYTES = 20;

/**
 * The answer of mysql_native_password: SHA1(password) XOR SHA1(nonce, SHA1(SHA1(password))). Empty for an
 * empty password. (MySQL manual, "Native Authentication".)
 */
export function nativePasswordToken(password: Buffer, nonce: Buffer): Buffer {
  if (password.length === 0) return Buffer.alloc(0);
  const once = hash('sha1', password);
  const twice = hash('sha1', once);
  return wiping([once], () => xor(once, hash('sha1', nonce.subarray(0, NONCE_BYTES), twice)));
}

/**
 * The first answer of caching_sha2_password: SHA256(password) XOR SHA256(SHA256(SHA256(password)), nonce). It is enough
 * if the server has the password in its cache. (MySQL manual, "Caching SHA-2 Pluggable Authentication".)
 */
export function cachingSha2Token(password: Buffer, nonce: Buffer): Buffer {
  const once = hash('sha256', password);
  const twice = hash('sha256', once);
  return wiping([once], () => xor(once, hash('sha256', twice, nonce.subarray(0, NONCE_BYTES))));
}

/** Each byte of `bytes` XOR the byte of `key` at the same place. A shorter key is repeated. */
export function xor(bytes: Buffer, key: Buffer): Buffer {
  return Buffer.from(bytes.map((byte, i) => byte ^ key[i % key.length]!));
}

/** Overwrites `secrets` once `work` is done with them. */
export function wiping<T>(secrets: readonly Buffer[], work: () => T): T {
  try {
    return work();
  } finally {
    secrets.forEach((secret) => secret.fill(0));
  }
}

function hash(algorithm: 'sha1' | 'sha256', ...parts: Buffer[]): Buffer {
  return parts.reduce((hash, part) => hash.update(part), createHash(algorithm)).digest();
}
