import t from 'tap';
import { traceContextOf } from '../../src/policy/traceContext.js';

const [TRACE, SPAN] = ['4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7'];
const read = (traceparent: string) => traceContextOf(new Map([['traceparent', traceparent]]));

t.test('reads trace id, span id and the sampled flag', (t) => {
  const context = { traceId: TRACE, spanId: SPAN, sampled: true, hasTracestate: false };
  t.strictSame(read(`00-${TRACE}-${SPAN}-01`), context);
  t.strictSame(read(`00-${TRACE}-${SPAN}-03`), context, 'other flags may be set, too');
  t.strictSame(read(`00-${TRACE}-${SPAN}-02`), { ...context, sampled: false });
  t.strictSame(read(`cc-${TRACE}-${SPAN}-01-what-comes`), context, 'a later version may have more');
  t.strictSame(read(`cc-${TRACE}-${SPAN}-01`), context);
  const tags = new Map([['tracestate', ''], ['traceparent', `00-${TRACE}-${SPAN}-01`]]);
  t.strictSame(traceContextOf(tags), { ...context, hasTracestate: true });
  t.end();
});

t.test("ignores a trace that is invalid by W3C's rules", (t) => {
  const texts = [
    '', '00', `ff-${TRACE}-${SPAN}-01`, `00-${'0'.repeat(32)}-${SPAN}-01`, `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`, `00-${TRACE}-${SPAN}-0A`, `0A-${TRACE}-${SPAN}-01`, `00-${TRACE}-${SPAN}`,
    `00-${TRACE}-${SPAN}-01-x`, `00-${TRACE}-${SPAN}-01-`, `00-${TRACE}-${SPAN}-01x`, `cc-${TRACE}-${SPAN}-01x`,
    `00-${TRACE}0-${SPAN}-01`, `00-${TRACE.slice(1)}-${SPAN}-01`, `00_${TRACE}_${SPAN}_01`, ` 00-${TRACE}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-1`, `0-${TRACE}-${SPAN}-01`, `00-${TRACE.replace('4', 'g')}-${SPAN}-01`, `00-${TRACE}-${SPAN}-01\n`,
  ];
  for (const text of texts) t.equal(read(text), null, JSON.stringify(text));
  t.equal(traceContextOf(new Map([['tracestate', 'a=b']])), null);
  t.end();
});
