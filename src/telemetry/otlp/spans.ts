import { keyValues, unixNano } from './json.js';
import { isId } from './logs.js';
import { dbSystemIn, recordAttributes, summaryIn, type AuditFields } from './recordAttributes.js';
import { world } from '../../world/world.js';

/**
 * Converts an audit record to a span: from the command's arrival to its end, with the client's own span as its parent.
 * Only a result that was cut, would have been cut, was let through as a stream, or stalled has a span, and only if the
 * client records its trace.
 * Source: https://github.com/open-telemetry/opentelemetry-proto, trace.proto, and
 * https://opentelemetry.io/docs/specs/semconv/database/database-spans/
 * @returns OTLP's JSON; null for none
 */
export function spanOf(record: AuditFields): string | null {
  const { event, action, traceId, spanId: parentSpanId, sampled, startedAt, durationMs } = record;
  if (event !== 'stall' && !WITH_SPAN.has(String(action))) return null;
  if (sampled !== true || !isId(traceId, 32) || !isId(parentSpanId, 16)) return null;
  const startMs = Date.parse(String(startedAt));
  if (Number.isNaN(startMs) || typeof durationMs !== 'number') return null;
  const summary = summaryIn(record);
  return JSON.stringify({
    traceId,
    spanId: world.randomBytes(8).toString('hex'),
    parentSpanId,
    flags: SAMPLED | HAS_REMOTE_PARENT,
    name: summary?.text ?? dbSystemIn(record),
    kind: CLIENT,
    startTimeUnixNano: unixNano(startMs),
    endTimeUnixNano: unixNano(startMs + durationMs),
    attributes: keyValues(recordAttributes(record, summary)),
    status: statusOf(record),
  });
}

/** The actions of records that have a span. */
const WITH_SPAN: ReadonlySet<string> = new Set(['cut', 'truncate', 'close', 'would-cut', 'admit']);

const CLIENT = 3;
const STATUS_ERROR = 2;
const SAMPLED = 0x01;
/** Two bits: it is known whether the parent belongs to another program, and it does. */
const HAS_REMOTE_PARENT = 0x300;

const ENDS_EARLY: ReadonlySet<unknown> = new Set(['cut', 'truncate', 'close']);

function statusOf({ action, reason, rule }: AuditFields): object {
  if (!ENDS_EARLY.has(action)) return {};
  return { code: STATUS_ERROR, message: `sluice: ${String(action)} by rule ${String(rule)} (${String(reason)})` };
}
