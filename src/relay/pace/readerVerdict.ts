import type { Took } from './clientProgress.js';

/** Where no more waits, all that has come was taken. */
const LITTLE_BYTES = 24 * 1024;
/** Who takes so much in a ms empties the largest send buffer within two seconds: no server gives such a client up. */
const PROOF_BYTES_PER_MS = 2048;
/** Who takes so much, at such a rate, needs no further proof. */
const FAST_BYTES_PER_MS = 8192;
const FAST_BYTES = 256 * 1024;

/**
 * What a look says of a client:
 * - `fast`: it needs no further proof;
 * - `quick`: it takes what comes, and much comes;
 * - `unknown`: it takes what comes, but little comes, so that it may still be a slow one;
 * - `behind`: it does not take what comes.
 */
export type Verdict = 'fast' | 'quick' | 'unknown' | 'behind';

/**
 * Proof is a rate, not an empty queue alone: on a busy machine a slow reader, too, has taken what little came.
 * @param queuedBytes what the client's kernel has not taken
 * @param windowBytes how much was granted at once
 */
export function verdictOn({ bytes, bytesPerMs }: Took, queuedBytes: number, windowBytes: number): Verdict {
  if (bytes >= FAST_BYTES && bytesPerMs >= FAST_BYTES_PER_MS) return 'fast';
  if (queuedBytes > Math.max(LITTLE_BYTES, windowBytes / 4)) return 'behind';
  return isQuick(bytesPerMs, 1) ? 'quick' : 'unknown';
}

/** Whether a client that has taken so much in so long is no slow reader. */
export function isQuick(bytes: number, elapsedMs: number): boolean {
  return bytes >= PROOF_BYTES_PER_MS * elapsedMs;
}

/**
 * Whether it was seen that a client has read what came.
 * @param unreadBytes null where that cannot be seen
 */
export function hasReadAll(queuedBytes: number, unreadBytes: number | null): boolean {
  return unreadBytes !== null && queuedBytes + unreadBytes < LITTLE_BYTES;
}
