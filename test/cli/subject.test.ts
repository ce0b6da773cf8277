import t from 'tap';
import { askerFrom } from '../../src/cli/subject.js';
import { UsageError } from '../../src/cli/command.js';

/** The problems of a message, one line each. */
function problems(text: string): readonly string[] {
  try {
    askerFrom(text);
  } catch (error) {
    if (error instanceof UsageError) return error.problems;
    throw error;
  }
  return [];
}

t.test('reads a client as keys and values', (t) => {
  const { user, schema, address, attributes } = askerFrom(
    'user=app,schema=shop,client=::1,program=mysql,attributes._client_name=Go-MySQL-Driver',
  ).subject;
  t.same({ user, schema, address }, { user: 'app', schema: 'shop', address: '::1' });
  t.same([...attributes], [['program_name', 'mysql'], ['_client_name', 'Go-MySQL-Driver']]);
  t.end();
});

t.test('gives a client no value for a key that is not given', (t) => {
  const { user, schema, address, attributes } = askerFrom('user=').subject;
  t.same({ user, schema, address }, { user: '', schema: '', address: '' });
  t.same([...attributes], []);
  t.end();
});

t.test('reads a value with escaped commas and with equals signs', (t) => {
  t.equal(askerFrom('user=a\\,schema=b,program=x').subject.user, 'a,schema=b');
  t.equal(askerFrom('user=a=b\\c').subject.user, 'a=b\\c');
  t.end();
});

t.test('reports every mistake at once', (t) => {
  t.same(problems('usr=a,colour=red,client=localhost,foo,attributes.=x,'), [
    '--as: unknown key "usr", did you mean user?',
    '--as: unknown key "colour", known here: user, schema, client, program, attributes.NAME, tags.NAME',
    '--as: client: expected an IP address, got "localhost"',
    '--as: expected KEY=VALUE, got "foo"',
    '--as: unknown key "attributes.", did you mean attributes.NAME?',
    '--as: expected KEY=VALUE, got ""',
  ]);
  t.end();
});

t.test('refuses a key that is given twice, also program beside attributes.program_name', (t) => {
  t.same(problems('user=a,user=b'), ['--as: user is given more than once']);
  t.same(problems('program=a,attributes.program_name=a'), [
    '--as: attributes.program_name is given more than once',
  ]);
  t.end();
});

t.test('reads the tags that come with an execution by their names', (t) => {
  const { subject, tags } = askerFrom('user=app,tags.route=/reports/:id,tags.a.b=c=d,tags.empty=');
  t.equal(subject.attributes.size, 0);
  t.strictSame([...tags], [['route', '/reports/:id'], ['a.b', 'c=d'], ['empty', '']]);
  t.strictSame(problems('tags.a=1,tags.a=2'), ['--as: tags.a is given more than once']);
  t.end();
});
