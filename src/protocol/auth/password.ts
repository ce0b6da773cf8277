import { constants, createPublicKey, privateDecrypt, publicEncrypt, type KeyObject } from 'node:crypto';
import { NONCE_BYTES, wiping, xor } from './scrambles.js';

/** The password with a NUL after it, for a connection that no third party can read. */
export function clearPassword(password: Buffer): Buffer {
  return Buffer.concat([password, Buffer.alloc(1)]);
}

/**
 * The password for a connection without encryption. It is XORed with the nonce, so that it cannot be replayed, and then
 * encrypted for the server with RSA-OAEP (SHA-1). (MySQL 9.7, sql-common/client_authentication.cc.)
 * @param pem the server's public key as it sends it
 * @throws Error if `pem` is no RSA key, or a key too small for this password
 */
export function encryptedPassword(password: Buffer, nonce: Buffer, pem: Buffer): Buffer {
  const clear = clearPassword(password);
  const scrambled = xor(clear, nonce.subarray(0, NONCE_BYTES));
  return wiping([clear, scrambled], () => {
    try {
      const padding = constants.RSA_PKCS1_OAEP_PADDING;
      return publicEncrypt({ key: createPublicKey(pem), padding, oaepHash: 'sha1' }, scrambled);
    } catch (error) {
      throw new Error('the server sent a public key that cannot be used', { cause: error });
    }
  });
}

/**
 * Decrypts a client's password: the inverse of `encryptedPassword`. The result has the NUL after it. Returns null if
 * it was encrypted with another key, or is no password.
 */
export function decryptedPassword(encrypted: Buffer, nonce: Buffer, key: KeyObject): Buffer | null {
  let scrambled: Buffer;
  try {
    scrambled = privateDecrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' }, encrypted);
  } catch {
    return null;
  }
  return wiping([scrambled], () => {
    const clear = xor(scrambled, nonce.subarray(0, NONCE_BYTES));
    return clear.at(-1) === 0 ? clear : null;
  });
}
