import { isObject } from '../../config/schema/section.js';
import { parsed, quoted } from './post.js';
import type { Signal } from './targets.js';

/** The names of OTLP's fields for the number of rejected items. */
const REJECTED: Readonly<Record<Signal, string>> = {
  metrics: 'rejectedDataPoints', logs: 'rejectedLogRecords', traces: 'rejectedSpans',
};

/** The contents of the answer to a request that was accepted. */
export interface ReadAnswer {
  /** The answer has OTLP's form, or is empty. */
  readonly isOtlp: boolean;
  /** The number of rejected items: from 0 to the number of sent items. */
  readonly rejected: number;
  /** The receiver's message; empty if there is none. */
  readonly message: string;
}

/**
 * Reads the answer to a request that was accepted.
 * @param answer the body; null if it could not be read
 * @param sent the number of sent items
 * Source: https://opentelemetry.io/docs/specs/otlp/#partial-success-1
 */
export function readAnswer(signal: Signal, answer: string | null, sent: number): ReadAnswer {
  if (answer === '') return { isOtlp: true, rejected: 0, message: '' };
  const found = answer === null ? undefined : parsed(answer);
  if (!isObject(found)) return { isOtlp: false, rejected: 0, message: '' };
  const { partialSuccess } = found;
  if (!isObject(partialSuccess)) return { isOtlp: true, rejected: 0, message: '' };
  // A number of 64 bits, which OTLP's JSON writes as a string.
  const told = Number(partialSuccess[REJECTED[signal]] ?? 0);
  const rejected = Number.isInteger(told) ? Math.min(Math.max(told, 0), sent) : 0;
  const { errorMessage } = partialSuccess;
  return { isOtlp: true, rejected, message: typeof errorMessage === 'string' ? quoted(errorMessage) : '' };
}
