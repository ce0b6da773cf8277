import t from 'tap';
import { suggest } from '../../../src/config/schema/suggest.js';

const known = ['listen', 'upstream', 'limits', 'onExceed', 'onUnparsed', 'max-rows'];

t.test('suggests the word when a letter is missing, wrong, extra or swapped', (t) => {
  t.equal(suggest('limit', known), 'limits');
  t.equal(suggest('lissen', known), 'listen');
  t.equal(suggest('upsstream', known), 'upstream');
  t.equal(suggest('lsiten', known), 'listen');
  t.end();
});

t.test('finds a word in spite of upper case, hyphens and underscores', (t) => {
  t.equal(suggest('ON_EXCEED', known), 'onExceed');
  t.equal(suggest('maxRows', known), 'max-rows');
  t.end();
});

t.test('suggests no key when none is close', (t) => {
  t.equal(suggest('banana', known), null);
  t.equal(suggest('x', known), null);
  t.equal(suggest('', known), null);
  t.equal(suggest('listen'.repeat(100_000), known), null);
  t.end();
});
