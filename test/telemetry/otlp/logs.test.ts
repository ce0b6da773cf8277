import t from 'tap';
import { logRecord } from '../../../src/telemetry/otlp/logs.js';

const RECORD = {
  event: 'result', action: 'cut', reason: 'rows', rule: 'default', limit: { rows: 100, bytes: null }, rows: 5000,
  bytes: 160_000, complete: true, forwardedRows: 100, sql: 'SELECT * FROM orders WHERE id > 7', sqlTruncated: false,
  digest: '0123456789abcdef', digestText: 'SELECT * FROM `orders` WHERE `id` > ?', user: 'app', schema: 'shop',
  client: '10.0.0.7:51234', program: null, connectionId: 12, session: 3, durationMs: 12.5, outcome: 'drained',
};

interface Read {
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly [key: string]: unknown;
}

/** A log record with its attributes by name, each as its only part. */
function read(record: object, nowMs = 0): Read {
  const { attributes, ...rest } = JSON.parse(logRecord({ ...record }, nowMs)) as {
    attributes: { key: string; value: Record<string, unknown> }[];
  };
  return { ...rest, attributes: Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]])) };
}

t.test('writes an audit record with the conventional names for databases, and other fields with its own', (t) => {
  const { attributes, ...rest } = read(RECORD, Date.UTC(2026, 10, 20, 12));
  t.strictSame(rest, {
    timeUnixNano: '1795176000000000000', observedTimeUnixNano: '1795176000000000000',
    severityNumber: 17, severityText: 'ERROR', eventName: 'sluice.result',
    body: { stringValue: 'cut: 5000 rows, 160000 bytes, rule default, rows' },
  });
  t.strictSame(attributes, {
    'db.system.name': 'mysql', 'db.namespace': 'shop', 'db.operation.name': 'SELECT',
    'db.query.summary': 'SELECT orders', 'db.query.text': 'SELECT * FROM orders WHERE id > 7',
    'db.response.returned_rows': '100', 'client.address': '10.0.0.7', 'client.port': '51234',
    'sluice.event': 'result', 'sluice.action': 'cut', 'sluice.reason': 'rows', 'sluice.rule': 'default',
    'sluice.limit.rows': '100', 'sluice.rows': '5000', 'sluice.bytes': '160000', 'sluice.complete': true,
    'sluice.forwarded_rows': '100', 'sluice.sql_truncated': false, 'sluice.digest': '0123456789abcdef',
    'sluice.digest_text': 'SELECT * FROM `orders` WHERE `id` > ?', 'sluice.user': 'app', 'sluice.connection_id': '12',
    'sluice.session': '3', 'sluice.duration_ms': 12.5, 'sluice.outcome': 'drained',
  });
  t.end();
});

t.test('names the system of the server, or its protocol', (t) => {
  for (const [dbSystem, name] of [['mariadb', 'mariadb'], ['mysql', 'mysql'], [undefined, 'mysql']]) {
    const { attributes } = read({ ...RECORD, dbSystem });
    t.equal(attributes['db.system.name'], name);
    t.notOk('sluice.db_system' in attributes);
  }
  t.end();
});

t.test('holds no more of a statement than audit.sql allows', (t) => {
  const { attributes: digest } = read({ ...RECORD, sql: null });
  t.equal(digest['db.query.text'], 'SELECT * FROM `orders` WHERE `id` > ?');
  const { attributes: none } = read({ ...RECORD, sql: null, digestText: null });
  t.strictSame(Object.keys(none).filter((key) => /query|operation|text/.test(key)), []);
  t.end();
});

t.test('writes the amounts of a small record in the singular', (t) => {
  t.match(read({ ...RECORD, rows: 1, bytes: 1 }), { body: { stringValue: 'cut: 1 row, 1 byte, rule default, rows' } });
  t.end();
});

t.test('the severity is that of the effect on the client', (t) => {
  const severityOf = (action: string) => read({ ...RECORD, action })['severityText'];
  for (const action of ['cut', 'truncate', 'close', 'refuse']) t.equal(severityOf(action), 'ERROR', action);
  for (const action of ['would-cut', 'would-refuse', 'warn']) t.equal(severityOf(action), 'WARN', action);
  for (const action of ['admit', 'sample']) t.equal(severityOf(action), 'INFO', action);
  t.end();
});

t.test('has the trace of the client when it is complete', (t) => {
  const ids = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7', sampled: true };
  const traced = read({ ...RECORD, ...ids });
  t.match(traced, { traceId: ids.traceId, spanId: ids.spanId, flags: 1 });
  t.notOk(Object.keys(traced.attributes).some((key) => /trace|span|sampled/.test(key)));
  t.match(read({ ...RECORD, ...ids, sampled: false }), { flags: 0 });
  for (const traceId of ['0'.repeat(32), 'x'.repeat(32), '4bf9', null, 7]) {
    t.notMatch(read({ ...RECORD, ...ids, traceId }), { traceId: Object, spanId: Object }, String(traceId));
    t.notOk('traceId' in read({ ...RECORD, ...ids, traceId }));
  }
  t.end();
});

t.test('writes the parts of tags, errors and lists', (t) => {
  const { attributes } = read({
    ...RECORD, action: 'warn', tags: { route: '/reports', sourceLine: '7' },
    serverError: { code: 1317, sqlState: '70100', message: 'interrupted' },
    looks: [{ class: 'streaming', rate: 1.5 }], params: [1, null, 'x'], client: '[::1]:9', schema: '',
  });
  t.match(attributes, {
    'sluice.tags.route': '/reports', 'sluice.tags.sourceLine': '7',
    'sluice.server_error.sql_state': '70100', 'db.response.status_code': '1317', 'error.type': '1317',
    'client.address': '::1', 'client.port': '9',
  });
  t.strictSame(attributes['sluice.looks'], {
    values: [{
      kvlistValue: {
        values: [{ key: 'class', value: { stringValue: 'streaming' } }, { key: 'rate', value: { doubleValue: 1.5 } }],
      },
    }],
  });
  t.strictSame(attributes['sluice.params'], { values: [{ intValue: '1' }, { stringValue: 'x' }] });
  t.notOk('db.namespace' in attributes);
  t.end();
});
