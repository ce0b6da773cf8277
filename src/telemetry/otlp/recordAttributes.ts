import { hostOf, parseAddress } from '../../config/address.js';
import { isObject } from '../../config/schema/section.js';
import { summaryOf, type Summary } from '../../sql/summary.js';
import type { Attributes } from './json.js';

/**
 * Converts a record to attributes. Fields that OpenTelemetry's conventions for databases name have those names; all
 * others are `sluice.*`. The attributes hold nothing that `audit.sql` keeps out of the record.
 * Source: https://opentelemetry.io/docs/specs/semconv/database/database-spans/
 */
export function recordAttributes(record: AuditFields, summary: Summary | null): Attributes {
  return { ...databaseAttributes(record, summary), ...ownAttributes(record) };
}

/** The fields of an audit record, as in its JSON. */
export type AuditFields = Readonly<Record<string, unknown>>;

/** Fields that are an attribute of the conventions, or that are exported beside the attributes. */
const TOLD_OTHERWISE: ReadonlySet<string> = new Set([
  'sql', 'schema', 'client', 'upstream', 'dbSystem', 'startedAt', 'traceId', 'spanId', 'sampled',
]);

/** Objects whose parts become attributes of their own, so that queries can select by them. */
const FLATTENED: ReadonlySet<string> = new Set(['limit', 'tags', 'serverError']);

/** The summary of a record's statement; null if the record has no digest text. */
export function summaryIn({ digestText }: AuditFields): Summary | null {
  return typeof digestText === 'string' ? summaryOf(digestText) : null;
}

/** The conventions' name of the server, or of its protocol if it is not known. */
export function dbSystemIn({ dbSystem }: AuditFields): string {
  return dbSystem === 'mariadb' ? 'mariadb' : 'mysql';
}

function databaseAttributes(record: AuditFields, summary: Summary | null): Attributes {
  const { sql, digestText, schema, forwardedRows, upstream, client } = record;
  const errorCode = errorCodeIn(record);
  return {
    'db.system.name': dbSystemIn(record),
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

/** The number of the error that ended the result for its client: Sluice's, or else the server's. */
function errorCodeIn({ errorCode, serverError }: AuditFields): string | null {
  const code = errorCode ?? Object(serverError).code;
  return typeof code === 'number' ? String(code) : null;
}

/** The type of an early end without an error; null for any other end. */
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

/** `forwardedRows` becomes `forwarded_rows`, the style of OpenTelemetry's names. */
function attributeName(field: string): string {
  return field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
