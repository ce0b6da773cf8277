import t from 'tap';
import { attributesOfExecution, attributesOfQuery, hasAttributes } from '../../src/protocol/queryAttributes.js';
import { queryTextOffset } from '../../src/protocol/query.js';
import { encodeLenencString } from '../../src/protocol/lenenc.js';
import { attributedQuery, ATTRIBUTES, type Attribute } from '../support/commandPayloads.js';
import { executePayload, VALUE_EXAMPLES, type BoundParameter } from '../support/executePacket.js';

const text = (name: string, value: string | null): BoundParameter =>
  ({ name, type: 253, bytes: value === null ? null : encodeLenencString(value) });
const attribute = (name: string, value: string): Attribute => ({ name, type: 253, value: encodeLenencString(value) });
const front = (payload: Buffer): Buffer => payload.subarray(0, queryTextOffset(payload, true) ?? 0);
const plain = (values: ReadonlyMap<string, string> | undefined): object => Object.fromEntries(values ?? []);
const notAhead = (): boolean => false;

t.test('reads query attributes of every type', (t) => {
  t.strictSame(plain(attributesOfQuery(front(attributedQuery('SELECT 1', ATTRIBUTES)))), {
    a0: 'text', a2: '7', a3: '1799', a4: '117901063', a5: '506381209866536711', a6: '1.0158336e-34',
    a7: String(Buffer.alloc(8, 7).readDoubleLE()),
    a8: '2024-02-29 00:00:00', a9: '01:02:03',
  });
  t.strictSame(plain(attributesOfQuery(front(attributedQuery('SELECT 1')))), {});
  t.end();
});

t.test('reads the attributes of an execution after its parameters', (t) => {
  const parameters = VALUE_EXAMPLES.map(({ type, bytes }) => ({ type, bytes }));
  for (const before of [[], parameters.slice(0, 1), parameters]) {
    const payload = executePayload([...before, text('route', '/a'), text('none', null), text('traceparent', '00-x')],
      { hasQueryAttributes: true });
    t.ok(hasAttributes(payload, before.length));
    const found = attributesOfExecution(payload, before.length, notAhead, null);
    t.strictSame(plain(found?.values), { route: '/a', traceparent: '00-x' }, `${before.length} parameters`);
  }
  t.notOk(hasAttributes(executePayload(parameters, { hasQueryAttributes: true }), parameters.length));
  t.notOk(hasAttributes(executePayload(parameters), 0), 'nor where the two ends have not agreed on them');
  t.end();
});

t.test('skips parameters that were sent ahead, and takes names from an earlier execution', (t) => {
  const all = [text('', 'first'), text('route', '/a')];
  const first = attributesOfExecution(executePayload(all, { hasQueryAttributes: true }), 1, notAhead, null);
  const ahead = executePayload([{ type: 253, bytes: Buffer.alloc(0) }, text('route', '/b')], { hasQueryAttributes: true });
  t.strictSame(plain(attributesOfExecution(ahead, 1, (index) => index === 0, null)?.values), { route: '/b' });
  const later = executePayload([text('', 'second'), text('route', '/c')], { hasQueryAttributes: true, withoutTypes: true });
  t.equal(attributesOfExecution(later, 1, notAhead, null), null);
  const known = first?.definitions ?? null;
  t.strictSame(plain(attributesOfExecution(later, 1, notAhead, known)?.values), { route: '/c' });
  t.end();
});

t.test('bounds the number and the size of attributes, and never throws', (t) => {
  const many = Array.from({ length: 200 }, (_, i) => attribute(`n${i}`, 'é'.repeat(400).slice(0, i + 200)));
  const found = attributesOfQuery(front(attributedQuery('', many)));
  t.equal(found.size, 64);
  const wide = attributesOfQuery(front(attributedQuery('', [attribute('a', `x${'é'.repeat(400)}`)])));
  t.equal(wide.get('a'), `x${'é'.repeat(255)}`, 'never half a character');
  const whole = executePayload([text('', 'p'), text('route', '/a')], { hasQueryAttributes: true });
  for (let length = 0; length < whole.length; length += 1) {
    hasAttributes(whole.subarray(0, length), 1);
    const part = attributesOfExecution(whole.subarray(0, length), 1, notAhead, null);
    t.equal(part?.values.size ?? 0, 0, `${length} bytes`);
  }
  t.end();
});
