import type { OtlpSettings, OtlpSignal, TelemetrySettings } from './config.js';
import { URL_PATTERN } from './addressPatterns.js';
import { HEADER_NAME, HEADER_VALUE, headersIn, isHeaderValue } from './headersFile.js';
import type { Expected, Findings } from './schema/findings.js';
import { duration, filePath, leaf, text, type Kind } from './schema/kinds.js';
import { either, textLike } from './schema/jsonSchema.js';
import { named } from './schema/lists.js';
import { isObject, section, type Section } from './schema/section.js';
import { outgoingTls } from './tls.js';
import { keyAndValue } from '../text/keyAndValue.js';

// The settings of the export to OpenTelemetry.

/** The signals of OpenTelemetry, each with a key, a request and an endpoint of its own. */
export const OTLP_SIGNALS = ['metrics', 'logs', 'traces'] as const;

/** The form in JSON: without the headers from the file. */
type OtlpForm = Omit<OtlpSettings, 'sentHeaders'>;

const SECOND = 1000;
const HOUR = 3_600_000;
const HIDDEN = '***';

// A user or a query is refused, because it may be a secret, and URLs are shown.
const RECEIVER = 'the URL of an OTLP/HTTP receiver, such as "http://127.0.0.1:4318", without user, query and fragment';

function isReceiver(found: unknown): found is string {
  return typeof found === 'string' && URL_PATTERN.test(found) && URL.canParse(found);
}

const receiver = leaf<string>({
  expected: RECEIVER,
  schema: textLike(URL_PATTERN),
  isSecret: true,
  parse: (found) => (isReceiver(found) ? found : undefined),
});

const signal = leaf<OtlpSignal>({
  expected: 'true, false or the URL of an OTLP/HTTP receiver, without user, query and fragment',
  expectedAsText: RECEIVER,
  schema: either({ type: 'boolean' }, receiver.schema),
  isSecret: true,
  parse: (found) => (typeof found === 'boolean' || isReceiver(found) ? found : undefined),
});

/**
 * The pairs in `name=value,name=value` with percent-encoded values, the form of OpenTelemetry's variables; null if the
 * text has another form.
 * Source: https://opentelemetry.io/docs/specs/otel/protocol/exporter/#specifying-headers-via-environment-variables
 */
export function pairsIn(given: string): Record<string, string> | null {
  const pairs: [string, string][] = [];
  for (const pair of given.split(',').map((part) => part.trim())) {
    if (pair === '') continue;
    const [name, value] = keyAndValue(pair);
    if (name === '' || value === null) return null;
    try {
      pairs.push([name.trim(), decodeURIComponent(value.trim())]);
    } catch {
      return null;
    }
  }
  return Object.fromEntries(pairs);
}

/** An object of names and values. In a variable it is a list of pairs, each of which overrides the same name. */
function pairs<T>(names: Kind<T>, isSecret: Pick<Expected, 'isSecret'> = {}): Kind<T> {
  const self: Kind<T> = {
    ...names,
    ...isSecret,
    expectedAsText: 'name=value with commas between, each value percent-encoded',
    fromText(given, below) {
      const found = pairsIn(given);
      if (found === null) return given;
      return isObject(below) ? { ...below, ...found } : found;
    },
    read(found, path, findings) {
      if (isObject(found)) return names.read(found, path, findings);
      findings.unexpected(path, self, found);
      return undefined;
    },
  };
  return self;
}

const headerValue = leaf<string>({
  expected: `a text of visible ASCII characters and blanks, and not the ${HIDDEN} that is printed in place of it`,
  schema: textLike(HEADER_VALUE),
  isSecret: true,
  write: () => HIDDEN,
  parse: (found) => (isHeaderValue(found) && found !== HIDDEN ? found : undefined),
});

const headers = pairs(
  named(headerValue, { max: 32, name: HEADER_NAME, expectedName: 'the name of a header that is not about the body' }),
  { isSecret: true },
);

/** Attributes of this program, besides Sluice's own. */
const resource = pairs(named(
  text(/^[^\0]{0,1024}$/, 'a text of at most 1024 characters'),
  { max: 64, name: /^[\w./-]{1,128}$/, expectedName: 'an attribute such as "service.namespace"' },
));

const form = section<OtlpForm>({
  endpoint: {
    kind: receiver, fallback: 'http://localhost:4318',
    about: 'the receiver; metrics go to /v1/metrics below it, logs to /v1/logs, and traces to /v1/traces',
  },
  headers: { kind: headers, fallback: {}, about: 'the headers that each request sends' },
  headersFile: {
    kind: filePath('the path of a file with a header in each line'), isOptional: true,
    about: 'a file with further headers, one in each line, such as "authorization: Bearer TOKEN"',
  },
  intervalMs: {
    key: 'interval', kind: duration({ minMs: SECOND, maxMs: HOUR }), fallback: '60s',
    about: 'the time between two exports of metrics',
  },
  timeoutMs: {
    key: 'timeout', kind: duration({ minMs: 100, maxMs: 60 * SECOND }), fallback: '10s',
    about: 'the longest time for a request and its answer',
  },
  metrics: { kind: signal, fallback: true, about: 'whether metrics are exported, or a URL for metrics alone' },
  logs: { kind: signal, fallback: true, about: 'whether audit records are exported as logs, or a URL for logs alone' },
  traces: { kind: signal, fallback: true, about: 'whether spans are exported, or a URL for spans alone' },
  tls: { kind: outgoingTls, fallback: {} },
});

function withHeaders(read: OtlpForm, path: string, findings: Findings): OtlpSettings | undefined {
  const { headersFile } = read;
  if (headersFile === undefined) return Object.freeze({ ...read, sentHeaders: read.headers });
  const found = headersIn(headersFile, `${path}.headersFile`, findings);
  if (found === undefined) return undefined;
  const names = new Set(Object.keys(found).map((name) => name.toLowerCase()));
  const twice = Object.keys(read.headers).find((name) => names.has(name.toLowerCase()));
  if (twice === undefined) return Object.freeze({ ...read, sentHeaders: Object.freeze({ ...read.headers, ...found }) });
  findings.add(`${path}.headersFile`, `has the header ${twice}, which ${path}.headers has, too: give it once`);
  return undefined;
}

/** The destination of the export; null for none. It is printed without the values of headers. */
const otlp: Section<OtlpSettings | null> = {
  ...form,
  expected: 'an object or null',
  schema: either(form.schema, { type: 'null' }),
  read(found, path, findings) {
    if (found === null) return null;
    if (!isObject(found)) {
      findings.unexpected(path, otlp, found);
      return undefined;
    }
    const read = form.read(found, path, findings);
    return read && withHeaders(read, path, findings);
  },
  write(settings) {
    if (settings === null) return null;
    const { sentHeaders: _, ...rest } = settings;
    return form.write(rest);
  },
};

export const telemetry = section<TelemetrySettings>({
  otlp: { kind: otlp, fallback: null, about: 'the export of metrics, logs and traces by OTLP over HTTP' },
  resource: {
    kind: resource, fallback: {},
    about: 'attributes that identify this Sluice, such as {"service.name": "sluice-shop"}',
  },
});
