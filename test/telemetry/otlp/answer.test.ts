import t from 'tap';
import { readAnswer } from '../../../src/telemetry/otlp/answer.js';

const partial = (rejected: unknown, errorMessage?: unknown) =>
  JSON.stringify({ partialSuccess: { rejectedLogRecords: rejected, errorMessage } });

t.test('an empty answer means that everything was accepted', (t) => {
  const taken = { isOtlp: true, rejected: 0, message: '' };
  t.strictSame(readAnswer('logs', '', 5), taken);
  t.strictSame(readAnswer('logs', '{}', 5), taken);
  t.strictSame(readAnswer('logs', '{"partialSuccess":{}}', 5), taken);
  t.end();
});

t.test('reads a partial success by the field of its signal', (t) => {
  t.strictSame(readAnswer('logs', partial('3', 'too old'), 5), { isOtlp: true, rejected: 3, message: 'too old' });
  t.equal(readAnswer('traces', partial('3'), 5).rejected, 0);
  t.equal(readAnswer('traces', '{"partialSuccess":{"rejectedSpans":2}}', 5).rejected, 2);
  t.equal(readAnswer('metrics', '{"partialSuccess":{"rejectedDataPoints":"2"}}', 5).rejected, 2);
  t.end();
});

t.test('bounds the rejected count by what was sent, and ignores what is no number', (t) => {
  for (const [rejected, believed] of [['7', 5], [-1, 0], ['x', 0], [1.5, 0], [{}, 0], [null, 0], ['1e99', 5]] as const) {
    t.equal(readAnswer('logs', partial(rejected), 5).rejected, believed, JSON.stringify(rejected));
  }
  t.equal(readAnswer('logs', partial(0, 'x\n'.repeat(500)), 5).message.length, 200);
  t.end();
});

t.test('an answer that is not JSON is not OTLP', (t) => {
  for (const body of [null, '<html>', '5', '[]', 'null']) {
    t.strictSame(readAnswer('logs', body, 5), { isOtlp: false, rejected: 0, message: '' });
  }
  t.end();
});
