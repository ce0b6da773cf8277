/** A trace or a transaction, in which a statement is expected to run only a few times. */
export interface Scope {
  readonly kind: 'trace' | 'transaction';
  /** Identifies it among all others. */
  readonly key: string;
  /** Its name for people: `trace 0af7651916cd43dd8448eb211c80319c`, `transaction 3 of session 12`. */
  readonly name: string;
}

/**
 * The scope of a recorded result. A trace goes over sessions and transactions, so it comes first.
 * @param record a record in the form of its JSON
 * @returns null outside of both, when each statement is a transaction of its own
 */
export function scopeOf(record: Readonly<Record<string, unknown>>): Scope | null {
  const { traceId, transaction, session, client, upstream } = record;
  if (typeof traceId === 'string' && TRACE_ID.test(traceId)) {
    return { kind: 'trace', key: traceId, name: `trace ${traceId}` };
  }
  if (typeof transaction !== 'number' || typeof session !== 'number') return null;
  // Sluice counts its sessions from 1 at each start, so that files may have the same number twice.
  const key = JSON.stringify([session, transaction, client, upstream]).slice(0, LONGEST_KEY);
  return { kind: 'transaction', key, name: `transaction ${transaction} of session ${session}` };
}

const TRACE_ID = /^[0-9a-f]{32}$/;
const LONGEST_KEY = 256;
