import t from 'tap';
import { readableLine } from '../../src/audit/readableLine.js';

const line = (fields: object): string =>
  `${JSON.stringify({ level: 'info', time: '2026-01-31T10:31:02.123Z', msg: 'said', ...fields })}\n`;

t.test('a line has the time, the level, the message, and then its fields', (t) => {
  t.equal(readableLine(line({})), '10:31:02.123 \u001b[32mINFO \u001b[0m said\n');
  t.equal(
    readableLine(line({ level: 'warn', address: '127.0.0.1:3307', sessions: 3, changed: ['a', 'b'], error: 'no way' })),
    '10:31:02.123 \u001b[33mWARN \u001b[0m said  address=127.0.0.1:3307 sessions=3 changed=["a","b"] error="no way"\n',
  );
  t.end();
});

t.test('an error stands below its line, with its stack', (t) => {
  t.match(
    readableLine(line({ level: 'fatal', err: { stack: 'Error: boom\n    at x' } })), /said\nError: boom\n {4}at x\n$/,
  );
  t.end();
});

t.test('text of a client or a server cannot control the terminal or begin a line', (t) => {
  const shown = readableLine(line({ msg: 'a\u001b[2Jb\nc\u0007', user: 'x\u001b[31m\ny', program: 'p\u009b2J' }));
  t.equal(shown, '10:31:02.123 \u001b[32mINFO \u001b[0m ab c   user="x\\u001b[31m\\ny" program="p\\u009b2J"\n');
  t.end();
});
