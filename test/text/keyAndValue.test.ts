import t from 'tap';
import { keyAndValue, keysAndValues } from '../../src/text/keyAndValue.js';

t.test('splits at the first equals sign, also over several lines', (t) => {
  t.strictSame(keyAndValue('user=app'), ['user', 'app']);
  t.strictSame(keyAndValue('A=b=c\nd'), ['A', 'b=c\nd']);
  t.strictSame(keyAndValue('A='), ['A', '']);
  t.end();
});

t.test('gives null for the value when there is no equals sign', (t) => {
  t.strictSame(keyAndValue('stream'), ['stream', null]);
  t.end();
});

t.test('splits a list at its commas, except at one after a backslash', (t) => {
  t.strictSame(keysAndValues('user=a\\,b,schema'), [['user', 'a,b', 'user=a\\,b'], ['schema', null, 'schema']]);
  t.end();
});
