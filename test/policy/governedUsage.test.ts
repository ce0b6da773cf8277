import t from 'tap';
import { govern } from '../support/governed.js';

const limits = { rows: 10, bytes: 1000 };

t.test('a usage that is to be held back stops at its first row, then at its limits', (t) => {
  const { usage } = govern(t, { limits }, 'SELECT 1');
  usage.holdFromFirstRow();
  t.match(usage, { isToBeHeld: true, maxRows: 0 });
  usage.applyLimits();
  t.match(usage, { isToBeHeld: false, maxRows: 10, maxBytes: 1000 });
  t.end();
});

t.test('new terms bring their limits, and the first terms stay known', (t) => {
  const { usage } = govern(t, { limits, streaming: { limits: { rows: 70 } } }, 'SELECT 1');
  usage.holdFromFirstRow();
  usage.turnIntoStream('cursor');
  t.match(usage, { isToBeHeld: false, maxRows: 70, maxBytes: Infinity });
  t.equal(usage.firstTerms.responseClass, 'buffered');
  t.end();
});

t.test('a stream is at its own limit only when no rows were let through in steps', (t) => {
  const { usage } = govern(t, { limits, streaming: { limits: { rows: 70 } } }, 'SELECT 1');
  t.notOk(usage.isAtLimitOfStream('rows'), 'it is no stream');
  usage.turnIntoStream('pace');
  usage.allow(20, 2000);
  t.notOk(usage.isAtLimitOfStream('rows'));
  t.notOk(usage.isAtLimitOfStream('bytes'));
  usage.allow(70, 8000);
  t.ok(usage.isAtLimitOfStream('rows'));
  t.notOk(usage.isAtLimitOfStream('bytes'), 'there is no limit of bytes');
  t.end();
});

t.test('a cut keeps the count of rows that reached the client, and zero when they were held back', (t) => {
  const { usage } = govern(t, { limits }, 'SELECT 1');
  Object.assign(usage, { rows: 10, bytes: 900 });
  usage.cut(false);
  Object.assign(usage, { rows: 40, bytes: 4000 });
  t.match(usage, { isCut: true, forwardedRows: 10, forwardedBytes: 900 });
  const { usage: held } = govern(t, { limits }, 'SELECT 1');
  Object.assign(held, { rows: 10, bytes: 900 });
  held.cut(true);
  t.match(held, { forwardedRows: 0, forwardedBytes: 0 });
  t.end();
});
