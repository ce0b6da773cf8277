import t from 'tap';
import { JsonError, JsonNumber, parseExactJson, parseJson } from '../../src/config/json.js';

function errorOf(text: string): string {
  try {
    parseJson(text);
  } catch (error) {
    if (error instanceof JsonError) return `${error.line}:${error.column}: ${error.message}`;
    throw error;
  }
  return 'no error';
}

t.test('reads every JSON value as JSON.parse does', (t) => {
  const documents = [
    '{}', '[]', '[[]]', 'null', ' true ', 'false', '0', '-0', '12', '-1.5e+3', '1E-2',
    '""', '"a\\u00e9\\n\\"\\\\/\\/"', '"日本"',
    '{"a": {"b": [1, "x", null, {"c": false}]}, "": 1}', '\r\n\t{ "a" : 1 , "b" : [ ] }\n', '{"toString": 1}',
  ];
  for (const document of documents) t.strictSame(parseJson(document), JSON.parse(document), document);
  t.end();
});

t.test('refuses what JSON.parse refuses', (t) => {
  const documents = [
    '', ' ', '{', '[', '"', '{"a"}', '{"a":}', '{"a":1,}', '{a: 1}', "{'a': 1}", '{} {}',
    '[1,]', '[1 2]', '[1]]',
    '01', '1.', '.5', '+1', '-', '0x1', 'NaN', 'Infinity', 'undefined', 'nul', 'nulll', 'True',
    '"\t"', '"\\x"', '"\\u12"', '"a\nb"', '// a\n{}', '\u00a0{}',
  ];
  for (const document of documents) {
    t.throws(() => JSON.parse(document), { name: 'SyntaxError' }, document);
    t.throws(() => parseJson(document), { name: 'JsonError' }, document);
  }
  t.end();
});

t.test('an error gives line, column, expectation and finding', (t) => {
  t.equal(errorOf('{\n  "a": 1\n  "b": 2\n}'), '3:3: expected "," or "}", got "\\""');
  t.equal(errorOf('{\r\n  "a": 1,\r\n}'), '3:1: expected a key in double quotes, got "}"');
  t.equal(errorOf('{"a": 1'), '1:8: expected "," or "}", got the end of the file');
  t.equal(errorOf('{"a": yes}'), '1:7: expected a value, got "y"');
  t.equal(errorOf('{} x'), '1:4: expected the end of the file, got "x"');
  t.equal(errorOf('{ // listen\n}'), '1:3: expected a key in double quotes, got "/" (JSON has no comments)');
  t.equal(errorOf('["abc'), '1:2: this string does not end on its line, or holds a wrong escape');
  t.end();
});

t.test('refuses a key that stands twice in one object, at its second place', (t) => {
  t.equal(errorOf('{"limits": 1,\n "limits": 2}'), '2:2: the key "limits" is given twice');
  t.equal(errorOf('{"a": 1, "\\u0061": 2}'), '1:10: the key "a" is given twice');
  t.equal(errorOf('{"a": {"b": 1}, "c": {"b": 1}}'), 'no error');
  t.end();
});

t.test('reads a key named __proto__ like any other key', (t) => {
  const value = parseJson('{"__proto__": {"limits": 1}}');
  t.same(Object.keys(Object(value)), ['__proto__']);
  t.equal(Object(value).limits, undefined);
  t.end();
});

t.test('refuses endless brackets without overflowing the stack', (t) => {
  t.match(errorOf('['.repeat(1_000_000)), /nested deeper than 64 levels/);
  t.match(errorOf('{"a":'.repeat(1_000_000)), /nested deeper than 64 levels/);
  t.match(errorOf(`"${'a'.repeat(1_000_000)}`), /does not end/);
  t.end();
});

t.test('exact JSON keeps several documents, the order of keys and the digits of numbers', (t) => {
  const [first, second, ...others] = parseExactJson('{"2": 1.50, "1": 12345678901234567890, "__proto__": []}\n[null]{}');
  t.strictSame([...first as Map<string, unknown>],
    [['2', new JsonNumber('1.50')], ['1', new JsonNumber('12345678901234567890')], ['__proto__', []]]);
  t.strictSame([second, ...others], [[null], new Map()]);
  t.strictSame(parseExactJson(' \n'), []);
  t.throws(() => parseExactJson('{} {"a": 1, "a": 2}'), { message: 'the key "a" is given twice' });
  t.end();
});
