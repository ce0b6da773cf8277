import { counted } from '../../text/counted.js';
import { keyValues, unixNano } from './json.js';
import { recordAttributes, summaryIn, type AuditFields } from './recordAttributes.js';

// Source: https://github.com/open-telemetry/opentelemetry-proto, logs.proto

const INFO = [9, 'INFO'] as const;
const WARN = [13, 'WARN'] as const;
const ERROR = [17, 'ERROR'] as const;

/** The severity of each action: an error if the client did not get its whole result. */
const SEVERITIES: Readonly<Record<string, typeof INFO | typeof WARN | typeof ERROR>> = {
  'cut': ERROR, 'truncate': ERROR, 'close': ERROR, 'refuse': ERROR,
  'would-cut': WARN, 'would-refuse': WARN, 'warn': WARN,
  'admit': INFO, 'sample': INFO,
};

/**
 * Converts an audit record to a log record.
 * @param nowMs the time at which it is written, in ms since 1970
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

/** Whether a value is an identifier in OTLP's JSON: in hexadecimal, where other bytes are in base64. */
export function isId(found: unknown, digits: 16 | 32): found is string {
  return typeof found === 'string' && found.length === digits && /^[\da-f]+$/.test(found) && !/^0+$/.test(found);
}

/** A sentence about the record, for a reader who sees nothing else of it. */
function sentence({ event, action, reason, rule, rows, bytes }: AuditFields): string {
  const what = event === 'stall' ? 'stall' : String(action);
  const amount = rows === undefined ? '' : `${counted(Number(rows), 'row')}, ${counted(Number(bytes), 'byte')}, `;
  return `${what}: ${amount}rule ${String(rule)}, ${String(reason)}`;
}
