import t from 'tap';
import { spanOf } from '../../../src/telemetry/otlp/spans.js';

const TRACE = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7', sampled: true };

const CUT = {
  event: 'result', action: 'cut', reason: 'rows', rule: 'default', limit: { rows: 100, bytes: null }, rows: 5000,
  forwardedRows: 100, errorCode: 3170, sql: null, digestText: 'SELECT * FROM `orders`', schema: 'shop',
  client: '10.0.0.7:51234', upstream: 'db.example.com:3306', startedAt: '2026-11-20T12:00:00.000Z', durationMs: 12.5,
  ...TRACE,
};

/** A span with its attributes by name. */
const read = (record: object): Record<string, unknown> | null => {
  const text = spanOf({ ...record });
  if (text === null) return null;
  const { attributes, ...rest } = JSON.parse(text) as { attributes: { key: string; value: object }[] };
  return { ...rest, ...Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]])) };
};

t.test('a cut has a span below the span of its client', (t) => {
  const span = read(CUT);
  t.match(span, {
    traceId: TRACE.traceId, parentSpanId: TRACE.spanId, spanId: /^[\da-f]{16}$/, flags: 0x301, kind: 3,
    name: 'SELECT orders',
    startTimeUnixNano: '1795176000000000000', endTimeUnixNano: '1795176000012500000',
    status: { code: 2, message: 'sluice: cut by rule default (rows)' },
    'db.system.name': 'mysql', 'db.namespace': 'shop', 'db.operation.name': 'SELECT',
    'db.query.summary': 'SELECT orders', 'db.query.text': 'SELECT * FROM `orders`',
    'db.response.status_code': '3170', 'error.type': '3170', 'server.address': 'db.example.com', 'server.port': '3306',
    'sluice.action': 'cut', 'sluice.rule': 'default', 'sluice.rows': '5000', 'sluice.limit.rows': '100',
  });
  t.not(span?.['spanId'], read(CUT)?.['spanId'], 'each span has a number of its own');
  t.end();
});

t.test('gives would-cuts, admissions and stalls spans without an error status', (t) => {
  const { errorCode: _, ...record } = CUT;
  for (const what of [{ action: 'would-cut' }, { action: 'admit' }, { event: 'stall', action: 'warn' }]) {
    const span = read({ ...record, ...what });
    t.strictSame(span?.['status'], {}, JSON.stringify(what));
    t.notOk('error.type' in span!);
  }
  t.match(read({ ...record, action: 'truncate' }), { 'status': { code: 2 }, 'error.type': 'sluice.truncate' });
  t.end();
});

t.test('warnings and samples have no span', (t) => {
  for (const action of ['warn', 'sample', 'refuse']) t.equal(spanOf({ ...CUT, action }), null, action);
  t.end();
});

t.test('a record has no span without a trace that its client records', (t) => {
  t.equal(spanOf({ ...CUT, sampled: false }), null);
  for (const wrong of [undefined, null, '0'.repeat(32), 'x'.repeat(32), 7]) {
    t.equal(spanOf({ ...CUT, traceId: wrong }), null);
  }
  t.equal(spanOf({ ...CUT, spanId: '0'.repeat(16) }), null);
  t.end();
});

t.test('a statement without a normal form gives its span the name of the system', (t) => {
  const span = read({ ...CUT, digestText: null });
  t.match(span, { name: 'mysql' });
  t.notOk('db.query.text' in span!);
  t.equal(read({ ...CUT, upstream: '/run/mysqld/mysqld.sock' })?.['server.address'], '/run/mysqld/mysqld.sock');
  t.end();
});
