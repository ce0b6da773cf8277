import t from 'tap';
import { finiteOrNull } from '../../src/config/finiteOrNull.js';

t.test('writes an unlimited amount as null, and any other amount as a number', (t) => {
  t.equal(finiteOrNull(Infinity), null);
  t.equal(finiteOrNull(Infinity, String), null);
  t.equal(finiteOrNull(10), 10);
  t.equal(finiteOrNull(10, String), '10');
  t.end();
});
