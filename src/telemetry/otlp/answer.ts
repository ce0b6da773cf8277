import { isObject } from '../../config/schema/section.js';
import { parsed, quoted } from './post.js';
import type { Signal } from './targets.js';

/** How OTLP calls the number of items that a receiver has rejected. */
const REJECTED: Readonly<Record<Signal, string>> = {
  metrics: 'rejectedDataPoints', logs: 'rejectedLogRecords', traces: 'rejectedSpans',
};

/** What an answer to a request that was taken says. */
export interface ReadAnswer {
  /** It is what OTLP wants, or empty. */
  readonly isOtlp: boolean;
  /** Items that were not taken: from 0 to as many as were sent. */
  readonly rejected: number;
  /** What the receiver has to say; empty where it says nothing. */
  readonly message: string;
}

/**
 * Reads the answer to a request that was taken.
 * @param answer null where it could not be read
 * @param sent so many items
 * Source: https://opentelemetry.io/docs/specs/otlp/#partial-success-1
 */
export function readAnswer(signal: Signal, answer: string | null, sent: number): ReadAnswer {
  if (answer === '') return { isOtlp: true, rejected: 0, message: '' };
  const found = answer === null ? undefined : parsed(answer);
  if (!isObject(found)) return { isOtlp: false, rejected: 0, message: '' };
  const { partialSuccess } = found;
  if (!isObject(partialSuccess)) return { isOtlp: true, rejected: 0, message: '' };
  // A number of 64 bits, which JSON has as a string.
  const told = Number(partialSuccess[REJECTED[signal]] ?? 0);
  const rejected = Number.isInteger(told) ? Math.min(Math.max(told, 0), sent) : 0;
  const { errorMessage } = partialSuccess;
  return { isOtlp: true, rejected, message: typeof errorMessage === 'string' ? quoted(errorMessage) : '' };
}
