import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { loadWithNotices, printConfig } from '../../src/config/load.js';
import { changedKeys } from '../../src/config/changes.js';
import { configFile, load, problems, withUpstream } from './configFile.js';

const SECRET = 'sEcReT-of-nobody';

const withOtlp = (otlp: unknown) => withUpstream({ telemetry: { otlp } });

function headersFile(t: Test, content: string): string {
  // Not in the folder of the test: each load of a configuration makes that one again.
  const folder = mkdtempSync(join(tmpdir(), 'sluice-headers-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'headers');
  writeFileSync(file, content);
  return file;
}

const URL_EXPECTED = 'the URL of an OTLP/HTTP receiver, such as "http://127.0.0.1:4318", ' +
  'without user, query and fragment, got a string';

t.test('exports nothing by default', (t) => {
  t.equal(load(t, withUpstream({})).telemetry.otlp, null);
  t.equal(load(t, withUpstream({ telemetry: {} })).telemetry.otlp, null);
  t.equal(load(t, withOtlp(null)).telemetry.otlp, null);
  t.end();
});

t.test('an empty section exports everything to a receiver on this host', (t) => {
  t.strictSame(load(t, withOtlp({})).telemetry.otlp, {
    endpoint: 'http://localhost:4318', headers: {}, sentHeaders: {}, intervalMs: 60_000, timeoutMs: 10_000,
    metrics: true, logs: true, traces: true, tls: {},
  });
  t.end();
});

t.test('refuses a URL that may hold a secret, and quotes it nowhere', (t) => {
  const wrong = [`http://user:${SECRET}@collector:4318`, `http://collector:4318?key=${SECRET}`, 'collector:4318', 7];
  for (const endpoint of wrong) {
    const found = problems(t, withOtlp({ endpoint, logs: endpoint, headers: { a: `${SECRET}\n` } }));
    t.match(found[0], endpoint === 7 ? /got a number$/ : `config: telemetry.otlp.endpoint: expected ${URL_EXPECTED}`);
    t.equal(found.length, 3);
    t.notMatch(found.join(), SECRET);
  }
  const config = load(t, withOtlp({ headers: { authorization: SECRET } }));
  t.match(JSON.parse(printConfig(config)), { telemetry: { otlp: { headers: { authorization: '***' } } } });
  t.match(problems(t, printConfig(config)), [/telemetry\.otlp\.headers\.authorization: expected .* not the \*\*\* that/]);
  t.end();
});

t.test('sends headers from a file, and never prints them', (t) => {
  const file = headersFile(t, `authorization: Bearer ${SECRET} \r\n\nx-tenant:shop\n`);
  const config = load(t, withOtlp({ headers: { 'x-site': 'a' }, headersFile: file }));
  t.strictSame(config.telemetry.otlp?.sentHeaders, {
    'x-site': 'a', 'authorization': `Bearer ${SECRET}`, 'x-tenant': 'shop',
  });
  t.notMatch(printConfig(config), SECRET);
  t.match(JSON.parse(printConfig(config)), { telemetry: { otlp: { headersFile: file, headers: { 'x-site': '***' } } } });
  t.end();
});

t.test('refuses a file without headers by its line, without quoting it', (t) => {
  const problem = (content: string, headers: object = {}) =>
    problems(t, withOtlp({ headers, headersFile: headersFile(t, content) }));
  t.match(problem(`a: b\n${SECRET}\n`), [/headersFile: line 2 of .*: expected a header as "authorization: Bearer TOKEN"$/]);
  t.match(problem('content-length: 5\n'), [/: line 1 of /]);
  t.match(problem(`a: ${SECRET}\u00e9\n`), [/: line 1 of /]);
  t.match(problem('x'.repeat(17_000)), [/: cannot read the headers: .* is larger than 16 KiB$/]);
  t.match(problem('A: 1\n', { a: '2' }), [/headersFile: has the header a, which telemetry\.otlp\.headers has, too/]);
  t.match(problems(t, withOtlp({ headersFile: '/nonexistent/x' })), [/cannot read the headers: .*: no such file$/]);
  t.end();
});

t.test('a reload notices that the content of the headers\' file has changed', (t) => {
  const file = headersFile(t, 'a: 1\n');
  const before = load(t, withOtlp({ headersFile: file }));
  writeFileSync(file, 'a: 2\n');
  t.strictSame(changedKeys(before, load(t, withOtlp({ headersFile: file }))), ['telemetry.otlp']);
  t.end();
});

const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };

t.test("OpenTelemetry's variables add keys to those of the file, or replace them", (t) => {
  const file = withUpstream({
    telemetry: { otlp: { endpoint: 'http://other:4318', headers: { a: '1', b: '2' } }, resource: { zone: 'z' } },
  });
  const variables = {
    ...ENDPOINT, OTEL_EXPORTER_OTLP_HEADERS: 'b=3,c=x%2C%20y', OTEL_EXPORTER_OTLP_TIMEOUT: '500',
    OTEL_METRIC_EXPORT_INTERVAL: '5000', OTEL_SERVICE_NAME: 'shop, 100%',
    OTEL_RESOURCE_ATTRIBUTES: 'service.name=ignored,team=blue', OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: 'http://logs/in',
  };
  const { config, notices } = loadWithNotices({ config: configFile(t, file) }, variables);
  t.match(config.telemetry, {
    otlp: {
      endpoint: 'http://collector:4318', headers: { a: '1', b: '3', c: 'x, y' }, timeoutMs: 500, intervalMs: 5000,
      metrics: true, logs: 'http://logs/in',
    },
    resource: { zone: 'z', team: 'blue', 'service.name': 'shop, 100%' },
  });
  t.strictSame(notices, [
    'telemetry.otlp.endpoint: OTEL_EXPORTER_OTLP_ENDPOINT overrides the file; unset it to use the file',
    'telemetry.otlp.headers.b: OTEL_EXPORTER_OTLP_HEADERS overrides the file; unset it to use the file',
  ]);
  t.end();
});

t.test('a variable with an endpoint switches the export on, and a notice says so', (t) => {
  const { config, notices } = loadWithNotices({ upstream: 'db' }, ENDPOINT);
  t.match(config.telemetry.otlp, { endpoint: 'http://collector:4318', metrics: true, logs: true, traces: true });
  t.strictSame(notices, [
    'telemetry.otlp: OTEL_EXPORTER_OTLP_ENDPOINT switches it on; OTEL_SDK_DISABLED=true switches it off',
  ]);
  t.end();
});

t.test('a variable with the endpoint of one signal switches on only that signal', (t) => {
  const variables = { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://tempo:4318/v1/traces' };
  const { config, notices } = loadWithNotices({ upstream: 'db' }, variables);
  t.match(config.telemetry.otlp, { metrics: false, logs: false, traces: 'http://tempo:4318/v1/traces' });
  t.match(notices, [/^telemetry\.otlp: OTEL_EXPORTER_OTLP_TRACES_ENDPOINT switches it on;/]);
  t.end();
});

t.test('switches nothing on for empty variables, and for variables without an endpoint', (t) => {
  const variables = {
    OTEL_EXPORTER_OTLP_ENDPOINT: '', OTEL_EXPORTER_OTLP_HEADERS: 'a=1', OTEL_SERVICE_NAME: 'shop',
  };
  const { config, notices } = loadWithNotices({ upstream: 'db' }, variables);
  t.strictSame(config.telemetry, { otlp: null, resource: { 'service.name': 'shop' } });
  t.strictSame(notices, []);
  t.end();
});

t.test('OTEL_SDK_DISABLED, and null in the file, switch the export off', (t) => {
  const noticesOf = (otlp: object, variables: object) => {
    const { config, notices } = loadWithNotices({ config: configFile(t, withUpstream(otlp)) }, { ...variables });
    t.equal(config.telemetry.otlp, null);
    return notices;
  };
  const off = ['telemetry.otlp: OTEL_SDK_DISABLED=true switches it off'];
  t.strictSame(noticesOf({ telemetry: { otlp: {} } }, { OTEL_SDK_DISABLED: 'TRUE' }), off);
  t.strictSame(noticesOf({}, { ...ENDPOINT, OTEL_SDK_DISABLED: 'true' }), off);
  t.strictSame(noticesOf({}, { OTEL_SDK_DISABLED: 'true' }), []);
  t.strictSame(noticesOf({ telemetry: { otlp: null } }, ENDPOINT), [
    'telemetry.otlp: is null in the file, so OTEL_EXPORTER_OTLP_ENDPOINT is not used',
  ]);
  t.end();
});

t.test('names a variable with a wrong value, and does not quote its secret', (t) => {
  t.strictSame(problems(t, withOtlp({}), {}, {
    OTEL_EXPORTER_OTLP_ENDPOINT: 'collector', OTEL_EXPORTER_OTLP_HEADERS: SECRET, OTEL_EXPORTER_OTLP_TIMEOUT: '10s?',
    OTEL_RESOURCE_ATTRIBUTES: 'a=%zz',
  }), [
    `OTEL_EXPORTER_OTLP_ENDPOINT: expected ${URL_EXPECTED}`,
    'OTEL_EXPORTER_OTLP_HEADERS: expected name=value with commas between, each value percent-encoded, got a string',
    'OTEL_EXPORTER_OTLP_TIMEOUT: expected a time from 100ms to 1m such as 10000 or "10s" (ms, s, m, h), got "10s?"',
    'OTEL_RESOURCE_ATTRIBUTES: expected name=value with commas between, each value percent-encoded, got "a=%zz"',
  ]);
  t.strictSame(problems(t, withOtlp({}), {}, { OTEL_EXPORTER_OTLP_HEADERS: `a=${encodeURIComponent(`${SECRET}\n`)}` }), [
    'OTEL_EXPORTER_OTLP_HEADERS: expected a text of visible ASCII characters and blanks, ' +
      'and not the *** that is printed in place of it, got a string',
  ]);
  t.end();
});

t.test('says that gRPC is not supported when a variable asks for it', (t) => {
  const { notices } = loadWithNotices({ upstream: 'db' }, { ...ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' });
  t.match(notices, [/switches it on/, /OTEL_EXPORTER_OTLP_PROTOCOL is "grpc", and Sluice speaks http\/json alone/]);
  t.end();
});
