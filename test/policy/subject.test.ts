import t from 'tap';
import { programOf, subjectOf } from '../../src/policy/subject.js';

t.test("a subject has the client's user and attributes, its address, and the current schema", (t) => {
  const attributes = new Map([['program_name', 'job']]);
  const subject = subjectOf({ user: 'app', schema: 'first', attributes, collation: 45 }, 'now', '10.0.0.7');
  t.match(subject, { user: 'app', schema: 'now', address: '10.0.0.7' });
  t.equal(programOf(subject), 'job');
  t.end();
});

t.test('a client that has not logged in has empty names', (t) => {
  const subject = subjectOf(null, '', '');
  t.match(subject, { user: '', schema: '', address: '' });
  t.equal(programOf(subject), '');
  t.end();
});
