import t from 'tap';
import { nearest } from '../../../src/config/schema/suggest.js';

const known = ['listen', 'upstream', 'limits', 'onExceed', 'onUnparsed', 'max-rows'];

t.test('suggests the word when a letter is missing, wrong, extra or swapped', (t) => {
  t.equal(nearest('limit', known), 'limits');
  t.equal(nearest('lissen', known), 'listen');
  t.equal(nearest('upsstream', known), 'upstream');
  t.equal(nearest('lsiten', known), 'listen');
  t.end();
});

t.test('finds a word in spite of upper case, hyphens and underscores', (t) => {
  t.equal(nearest('ON_EXCEED', known), 'onExceed');
  t.equal(nearest('maxRows', known), 'max-rows');
  t.end();
});

t.test('suggests no key when none is close', (t) => {
  t.equal(nearest('banana', known), null);
  t.equal(nearest('x', known), null);
  t.equal(nearest('', known), null);
  t.equal(nearest('listen'.repeat(100_000), known), null);
  t.end();
});
