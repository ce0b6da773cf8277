import { join } from 'node:path';
import t from 'tap';
import { Envelope } from '../../../src/telemetry/otlp/envelope.js';
import { logRecord } from '../../../src/telemetry/otlp/logs.js';
import { startAdministered } from '../../admin/administered.js';
import { startCollector } from '../../support/collector.js';
import { folderOf, isMissing } from '../../support/drivers.js';
import { runOk } from '../../support/run.js';

// The decoder is the one of OpenTelemetry's Collector: test/clients/go/otlp.

const skip = isMissing({ language: 'go' });

/** The Collector's reading of a request, in its own JSON. */
async function understood(signal: string, body: string): Promise<unknown> {
  return JSON.parse(await runOk('env', [join(folderOf('go'), 'otlp'), signal], { input: body }));
}

/** The same JSON without what says nothing: in protobuf's JSON a default may stand or be left out. */
function withoutDefaults(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDefaults);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, of]) => [key, withoutDefaults(of)] as const);
  return Object.fromEntries(entries.filter(([, of]) => !/^(?:0|"0"|""|false|\[\]|\{\})$/.test(JSON.stringify(of))));
}

t.test('the Collector understands each field of what the program exports', { skip }, async (t) => {
  const collector = await startCollector(t);
  const { program, connect } = await startAdministered(t, {
    limits: { rows: 100 }, warn: { rows: 10 }, audit: { params: true, sample: { oneIn: 1 } },
    telemetry: { otlp: { endpoint: collector.url }, resource: { 'service.namespace': 'größer' } },
  });
  const client = await connect();
  const trace = "traceparent='00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',route='%2Freports'";
  for (const sql of [`SELECT * FROM rows_1000 /*${trace}*/`, 'SELECT * FROM rows_60', 'SELECT 1']) {
    await client.query(sql);
  }
  client.close();
  program.kill('SIGTERM');
  await program.ended;
  const signals = new Set(collector.received.map(({ path }) => path.replace('/v1/', '')));
  t.strictSame([...signals].sort(), ['logs', 'metrics', 'traces']);
  for (const { path, text, json } of collector.received) {
    const found = await understood(path.replace('/v1/', ''), text);
    t.strictSame(withoutDefaults(found), withoutDefaults(json), path);
  }
});

t.test('the Collector understands a record that holds whatever a client can send', { skip }, async (t) => {
  const record = {
    event: 'result', action: 'cut', reason: 'rows', rule: 'a "b" \\', rows: 2 ** 53, bytes: 1e300,
    sql: 'SELECT \'\u0000\u001b[2J\u{1F600}\ud800\' -- \u2028', digestText: 'SELECT ?', user: 'ü', schema: '\u0000',
    client: 'unix', tags: { route: '' }, durationMs: 0.001,
    params: [null, true, -1, 1.5, '9007199254740993', { hex: '00ff' }, { longData: 7 }, [[[[[[[[[1]]]]]]]]]],
  };
  const body = new Envelope({}, '1').around('logs', [logRecord(record, 0), logRecord({}, 1e13)]);
  const found = await understood('logs', body);
  // Go reads half a character as U+FFFD.
  const sent = JSON.parse(body.replaceAll('\\ud800', '\ufffd')) as unknown;
  t.strictSame(withoutDefaults(found), withoutDefaults(sent));
});

t.test('the decoder notices a field that OTLP does not have', { skip }, async (t) => {
  const body = '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"severity":9,"eventName":"x"}]}]}]}';
  t.strictNotSame(withoutDefaults(await understood('logs', body)), withoutDefaults(JSON.parse(body)));
  await t.rejects(understood('logs', '{"resourceLogs":7}'));
});
