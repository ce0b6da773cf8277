import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import type { OwnKey } from '../../conversation/authBridge.js';

/** As long as the key that servers make for themselves. */
const MODULUS_BITS = 2048;

let made: Promise<OwnKey> | null = null;

/** The process's own key pair: made when it is first needed (in 150 ms or more), and never written down. */
export function ownKey(): Promise<OwnKey> {
  made ??= make();
  return made;
}

async function make(): Promise<OwnKey> {
  const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: MODULUS_BITS });
  return { publicPem: Buffer.from(publicKey.export({ type: 'spki', format: 'pem' })), privateKey };
}
