import t from 'tap';
import { asError, errorCode, errorText } from '../../src/text/errorText.js';

t.test('gives the message of an error, and the text of any other thrown value', (t) => {
  t.equal(errorText(new TypeError('no such file')), 'no such file');
  t.equal(errorText('no such file'), 'no such file');
  t.equal(errorText(undefined), 'undefined');
  t.end();
});

t.test('returns an error unchanged, and makes one of any other thrown value', (t) => {
  const error = new TypeError('no such file');
  t.equal(asError(error), error);
  t.match(asError(7), { message: '7' });
  t.end();
});

t.test("gives the system's code of an error, and null for an error or a value without one", (t) => {
  t.equal(errorCode(Object.assign(new Error('no such file'), { code: 'ENOENT' })), 'ENOENT');
  t.equal(errorCode(new Error('no such file')), null);
  t.equal(errorCode(new DOMException('timed out', 'TimeoutError')), null, 'a number is not one');
  t.equal(errorCode({ code: 'ENOENT' }), null);
  t.end();
});
