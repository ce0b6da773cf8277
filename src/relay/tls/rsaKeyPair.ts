import { generateKeyPair, generateKeyPairSync } from 'node:crypto';
import { promisify } from 'node:util';
import type { OwnKey } from '../../conversation/authBridge.js';
import { world } from '../../world/world.js';

/** The length of the keys that servers make for themselves. */
const MODULUS_BITS = 2048;

let made: Promise<OwnKey> | null = null;

/** The process's own key pair. It is made at its first use (in 150 ms or more), and never written to a file. */
export function ownKey(): Promise<OwnKey> {
  made ??= make();
  return made;
}

async function make(): Promise<OwnKey> {
  const { publicKey, privateKey } = await world.aside({
    inThread: () => promisify(generateKeyPair)('rsa', { modulusLength: MODULUS_BITS }),
    here: () => generateKeyPairSync('rsa', { modulusLength: MODULUS_BITS }),
  });
  return { publicPem: Buffer.from(publicKey.export({ type: 'spki', format: 'pem' })), privateKey };
}
