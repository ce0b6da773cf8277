import type { Tags } from '../sql/tags.js';

/** The application's request to which a statement belongs, as described by W3C's Trace Context. */
export interface TraceContext {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits: the application's own span. */
  readonly spanId: string;
  readonly sampled: boolean;
  /** The application has sent a `tracestate` as well. */
  readonly hasTracestate: boolean;
}

/** The trace context among a statement's tags; null if there is none, or if it is not valid. */
export function traceContextOf(tags: Tags): TraceContext | null {
  const found = TRACEPARENT.exec(tags.get('traceparent') ?? '');
  if (found === null) return null;
  const [, version = '', traceId = '', spanId = '', flags = '', more] = found;
  if (version === 'ff' || (version === '00' && more !== undefined)) return null;
  if (ALL_ZERO.test(traceId) || ALL_ZERO.test(spanId)) return null;
  return { traceId, spanId, sampled: (parseInt(flags, 16) & SAMPLED) !== 0, hasTracestate: tags.has('tracestate') };
}

// W3C Trace Context, "traceparent Header": small hexadecimal digits; a later version may add fields at the end.
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/s;
const ALL_ZERO = /^0+$/;
const SAMPLED = 1;
