import t from 'tap';
import { asError, errorText } from '../../src/text/errorText.js';

t.test('gives the message of an error, and the text of anything else that was thrown', (t) => {
  t.equal(errorText(new TypeError('no such file')), 'no such file');
  t.equal(errorText('no such file'), 'no such file');
  t.equal(errorText(undefined), 'undefined');
  t.end();
});

t.test('keeps an error as it is, and makes one of anything else that was thrown', (t) => {
  const error = new TypeError('no such file');
  t.equal(asError(error), error);
  t.match(asError(7), { message: '7' });
  t.end();
});
