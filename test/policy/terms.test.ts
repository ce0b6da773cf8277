import t, { type Test } from 'tap';
import type { Hint } from '../../src/policy/hint.js';
import { TermsOf } from '../../src/policy/terms.js';
import { settings } from '../support/governed.js';

const termsOf = (t: Test, given: object): TermsOf =>
  new TermsOf('mine', settings(t, { limits: { rows: 10, bytes: 1000 }, ...given }), null, new Set());
const hint = (asked: Omit<Hint, 'kind'>): Hint => ({ kind: 'hint', ...asked });

t.test('makes terms once for each signal', (t) => {
  const terms = termsOf(t, { streaming: { limits: { bytes: 50 } } });
  t.equal(terms.streaming('dump'), terms.streaming('dump'));
  t.match(terms.streaming('jdbc'), {
    rule: 'mine', responseClass: 'streaming', signal: 'jdbc', limits: { rows: Infinity, bytes: 50 },
  });
  t.match(terms.buffered, { rule: 'mine', responseClass: 'buffered', signal: null, limits: { rows: 10, bytes: 1000 } });
  t.end();
});

t.test('hints may change limits as the setting says: not at all, only down, or freely', (t) => {
  const allowed = (hints: string, asked: Omit<Hint, 'kind'>) => termsOf(t, { hints }).allows(hint(asked));
  for (const [asked, lower] of [
    [{ rows: 10 }, true], [{ rows: 11 }, false], [{ bytes: 1000 }, true], [{ bytes: 1001 }, false],
    [{ rows: 1, bytes: 2000 }, false], [{ rows: Infinity }, false], [{ stream: true }, false], [{ rows: 0 }, true],
  ] as const) {
    t.same([allowed('none', asked), allowed('lower', asked), allowed('any', asked)], [false, lower, true], asked);
  }
  t.end();
});

t.test('a hint changes only the limits that it names', (t) => {
  const terms = termsOf(t, {});
  t.same(terms.hinted(hint({ rows: 3 })).limits, { rows: 3, bytes: 1000 });
  t.same(terms.hinted(hint({ bytes: 3 })).limits, { rows: 10, bytes: 3 });
  t.equal(terms.hinted(hint({ rows: 3 })).treatment, terms.treatment);
  t.end();
});
