import t from 'tap';
import { queryTextOffset } from '../../src/protocol/query.js';
import { attributedQuery, ATTRIBUTES, query, type Attribute } from '../support/commandPayloads.js';

const SQL = 'SELECT 1 /* the text */';
const textOf = (payload: Buffer, hasAttributes: boolean): string | null => {
  const offset = queryTextOffset(payload, hasAttributes);
  return offset === null ? null : payload.toString('utf8', offset);
};

await t.test('without query attributes the text begins after the command', async (t) => {
  t.equal(textOf(query(SQL), false), SQL);
  t.equal(textOf(query(''), false), '');
});

await t.test('finds the text after any number of attributes of every type', async (t) => {
  t.equal(textOf(attributedQuery(SQL), true), SQL);
  for (let count = 1; count <= ATTRIBUTES.length; count += 1) {
    t.equal(textOf(attributedQuery(SQL, ATTRIBUTES.slice(0, count)), true), SQL, `${count} attributes`);
  }
  const [text] = ATTRIBUTES;
  const many = Array.from({ length: 200 }, (_, i): Attribute =>
    ({ ...text!, name: `n${i}`, value: i % 3 === 0 ? null : text!.value }));
  t.equal(textOf(attributedQuery(SQL, many), true), SQL);
});

await t.test('finds no text after truncated or malformed attributes', async (t) => {
  const whole = attributedQuery(SQL, ATTRIBUTES);
  for (let length = 0; length < whole.length - SQL.length; length += 1) {
    t.equal(queryTextOffset(whole.subarray(0, length), true), null, `${length} bytes`);
  }
  const countless = Buffer.concat([Buffer.from([3, 0xfe]), Buffer.alloc(8, 0xff), Buffer.from([1]),
    Buffer.alloc(100)]);
  t.equal(queryTextOffset(countless, true), null, 'more attributes than there can be');
});
