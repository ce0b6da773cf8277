import { hostOf, parseAddress } from '../../config/address.js';
import { isObject } from '../../config/schema/section.js';
import { summaryOf, type Summary } from '../../sql/summary.js';
import type { Attributes } from './json.js';

/**
 * A record as attributes: by OpenTelemetry's conventions for databases what these have a name for, and `sluice.*` for
 * the rest. Nothing is said that `audit.sql` keeps out of the record.
 * Source: https://opentelemetry.io/docs/specs/semconv/database/database-spans/
 */
export function recordAttributes(record: AuditFields, summary: Summary | null): Attributes {
  return { ...databaseAttributes(record, summary), ...ownAttributes(record) };
}

/** An audit record, as it would be written in JSON. */
export type AuditFields = Readonly<Record<string, unknown>>;

/** Fields that an attribute of the conventions tells, or that stand beside the attributes. */
const TOLD_OTHERWISE: ReadonlySet<string> = new Set([
  'sql', 'schema', 'client', 'upstream', 'startedAt', 'traceId', 'spanId', 'sampled',
]);

/** Objects whose parts are attributes of their own, so that they can be asked for. */
const FLATTENED: ReadonlySet<string> = new Set(['limit', 'tags', 'serverError']);

/** What is known of the statement of a record. */
export function summaryIn({ digestText }: AuditFields): Summary | null {
  return typeof digestText === 'string' ? summaryOf(digestText) : null;
}

function databaseAttributes(record: AuditFields, summary: Summary | null): Attributes {
  const { sql, digestText, schema, forwardedRows, upstream, client } = record;
  const errorCode = errorCodeIn(record);
  return {
    // The conventions' name for what is spoken: the server may as well be MariaDB.
    'db.system.name': 'mysql',
    'db.namespace': schema === '' ? null : schema,
    'db.operation.name': summary?.operation,
    'db.query.summary': summary?.text,
    'db.query.text': sql ?? digestText,
    'db.response.returned_rows': forwardedRows,
    'db.response.status_code': errorCode,
    'error.type': errorCode ?? brokenOffBy(record),
    ...addressAttributes('server', upstream),
    ...addressAttributes('client', client),
  };
}

/** The error with which the result ended, for its client: Sluice's, or else the server's. */
function errorCodeIn({ errorCode, serverError }: AuditFields): string | null {
  const code = errorCode ?? Object(serverError).code;
  return typeof code === 'number' ? String(code) : null;
}

/** A result may end early without an error. */
function brokenOffBy({ action }: AuditFields): string | null {
  return action === 'truncate' || action === 'close' ? `sluice.${action}` : null;
}

function addressAttributes(whose: 'client' | 'server', at: unknown): Attributes {
  if (typeof at !== 'string' || at === '') return {};
  const port = parseAddress(at, 0, 0)?.port;
  return { [`${whose}.address`]: hostOf(at), [`${whose}.port`]: port === 0 ? null : port };
}

function ownAttributes(record: AuditFields): Attributes {
  const attributes: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(record)) {
    if (TOLD_OTHERWISE.has(field)) continue;
    const name = `sluice.${attributeName(field)}`;
    if (!FLATTENED.has(field) || !isObject(value)) {
      attributes[name] = value;
      continue;
    }
    for (const [part, of] of Object.entries(value)) {
      attributes[`${name}.${field === 'tags' ? part : attributeName(part)}`] = of;
    }
  }
  return attributes;
}

/** `forwardedRows` as `forwarded_rows`, which is how OpenTelemetry writes names. */
function attributeName(field: string): string {
  return field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
