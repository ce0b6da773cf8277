import type { Took } from './clientProgress.js';

/** If no more than this waits, the client has taken everything. */
const LITTLE_BYTES = 24 * 1024;
/**
 * A client with this rate empties the largest send buffer within two seconds. No server closes the connection of such a
 * client.
 */
const PROOF_BYTES_PER_MS = 2048;
/** A client with this rate needs no further proof. */
const FAST_BYTES_PER_MS = 8192;
const FAST_BYTES = 256 * 1024;

/**
 * The verdict of a look at a client:
 * - `fast`: it needs no further proof;
 * - `quick`: it takes what comes, and much comes;
 * - `unknown`: it takes what comes, but little comes, so it may still be a slow one;
 * - `behind`: it does not take what comes.
 */
export type Verdict = 'fast' | 'quick' | 'unknown' | 'behind';

/**
 * Judges a client for its send window; `PaceWatch` is what tells a stream. An empty queue alone is no proof: on a busy
 * machine even a slow reader takes the little that comes. Proof needs a rate.
 * @param queuedBytes bytes that the client's kernel has not taken
 * @param windowBytes the bytes that were granted at once
 */
export function verdictOn({ bytes, bytesPerMs }: Took, queuedBytes: number, windowBytes: number): Verdict {
  if (bytes >= FAST_BYTES && bytesPerMs >= FAST_BYTES_PER_MS) return 'fast';
  if (queuedBytes > Math.max(LITTLE_BYTES, windowBytes / 4)) return 'behind';
  return isQuick(bytesPerMs, 1) ? 'quick' : 'unknown';
}

/** Whether a client that has taken these bytes in this time is not a slow reader. */
export function isQuick(bytes: number, elapsedMs: number): boolean {
  return bytes >= PROOF_BYTES_PER_MS * elapsedMs;
}

/**
 * Whether a look has shown that a client has read everything that came.
 * @param unreadBytes null if that cannot be seen
 */
export function hasReadAll(queuedBytes: number, unreadBytes: number | null): boolean {
  return unreadBytes !== null && queuedBytes + unreadBytes < LITTLE_BYTES;
}
