import t from 'tap';
import { counted } from '../../src/text/counted.js';

t.test('writes a noun in the plural unless there is one', (t) => {
  t.equal(counted(0, 'row'), '0 rows');
  t.equal(counted(1, 'row'), '1 row');
  t.equal(counted(2, 'row'), '2 rows');
  t.equal(counted(1000, 'row', '1,000'), '1,000 rows');
  t.end();
});
