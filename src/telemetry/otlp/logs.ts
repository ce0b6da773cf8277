import { keyValues, unixNano } from './json.js';
import { recordAttributes, summaryIn, type AuditFields } from './recordAttributes.js';

// Source: https://github.com/open-telemetry/opentelemetry-proto, logs.proto

const INFO = [9, 'INFO'] as const;
const WARN = [13, 'WARN'] as const;
const ERROR = [17, 'ERROR'] as const;

/** How grave each action is: an error where a client did not get what it asked for. */
const SEVERITIES: Readonly<Record<string, typeof INFO | typeof WARN | typeof ERROR>> = {
  'cut': ERROR, 'truncate': ERROR, 'close': ERROR, 'refuse': ERROR,
  'would-cut': WARN, 'would-refuse': WARN, 'warn': WARN,
  'admit': INFO, 'sample': INFO,
};

/**
 * An audit record as a log record.
 * @param nowMs when it is written, in ms since 1970
 * @returns OTLP's JSON
 */
export function logRecord(record: AuditFields, nowMs: number): string {
  const { event, action, traceId, spanId, sampled } = record;
  const [severityNumber, severityText] = SEVERITIES[String(action)] ?? INFO;
  const time = unixNano(nowMs);
  return JSON.stringify({
    timeUnixNano: time,
    observedTimeUnixNano: time,
    severityNumber,
    severityText,
    eventName: `sluice.${String(event)}`,
    body: { stringValue: sentence(record) },
    attributes: keyValues(recordAttributes(record, summaryIn(record))),
    ...(isId(traceId, 32) ? { traceId, flags: Number(sampled === true) } : {}),
    ...(isId(traceId, 32) && isId(spanId, 16) ? { spanId } : {}),
  });
}

/** An identifier as OTLP's JSON has them: hexadecimal, in contrast to other bytes. */
export function isId(found: unknown, digits: 16 | 32): found is string {
  return typeof found === 'string' && found.length === digits && /^[\da-f]+$/.test(found) && !/^0+$/.test(found);
}

/** What happened, for a reader who sees nothing else. */
function sentence({ event, action, reason, rule, rows, bytes }: AuditFields): string {
  const what = event === 'stall' ? 'stall' : String(action);
  const amount = rows === undefined ? '' : `${String(rows)} rows, ${String(bytes)} bytes, `;
  return `${what}: ${amount}rule ${String(rule)}, ${String(reason)}`;
}
