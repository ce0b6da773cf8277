import t from 'tap';
import { subjectFrom } from '../../src/cli/subject.js';
import { UsageError } from '../../src/cli/command.js';

/** What is wrong with it, one line each. */
function problems(text: string): readonly string[] {
  try {
    subjectFrom(text);
  } catch (error) {
    if (error instanceof UsageError) return error.problems;
    throw error;
  }
  return [];
}

t.test('reads a client as keys and values', (t) => {
  const { user, schema, address, attributes } = subjectFrom(
    'user=app,schema=shop,client=::1,program=mysql,attributes._client_name=Go-MySQL-Driver',
  );
  t.same({ user, schema, address }, { user: 'app', schema: 'shop', address: '::1' });
  t.same([...attributes], [['program_name', 'mysql'], ['_client_name', 'Go-MySQL-Driver']]);
  t.end();
});

t.test('gives a client no value for a key that is not given', (t) => {
  const { user, schema, address, attributes } = subjectFrom('user=');
  t.same({ user, schema, address }, { user: '', schema: '', address: '' });
  t.same([...attributes], []);
  t.end();
});

t.test('reads a value with escaped commas and with equals signs', (t) => {
  t.equal(subjectFrom('user=a\\,schema=b,program=x').user, 'a,schema=b');
  t.equal(subjectFrom('user=a=b\\c').user, 'a=b\\c');
  t.end();
});

t.test('tells every mistake at once', (t) => {
  t.same(problems('usr=a,colour=red,client=localhost,foo,attributes.=x,'), [
    '--as: unknown key "usr", did you mean user?',
    '--as: unknown key "colour", known here: user, schema, client, program, attributes.NAME',
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
