import t from 'tap';
import { LAST_PREPARED_STATEMENT_ID } from '../../src/protocol/commands.js';
import { encodeLenencString } from '../../src/protocol/lenenc.js';
import { executePayload } from '../support/executePacket.js';
import { BoundParameters } from '../../src/conversation/boundParameters.js';
import { newCommand, type PreparedStatement, Usage } from '../../src/conversation/command.js';
import { StatementTable } from '../../src/conversation/statements.js';

const statement = (id: number, textBytes = 10): PreparedStatement =>
  ({ id, sql: Buffer.alloc(textBytes, 0x41), sqlBytes: textBytes, bound: new BoundParameters(0),
    columnTypes: null, cursorUsage: null, kept: null });

const openCursor = (): Usage => new Usage(newCommand(0x17, 'results', 1, 0));

await t.test('finds a statement by its id until it is closed', async (t) => {
  const table = new StatementTable(() => null);
  const [one, two] = [statement(1), statement(2)];
  t.equal(table.add(one), null);
  t.equal(table.add(two), null);
  t.equal(table.get(1), one);
  t.equal(table.get(LAST_PREPARED_STATEMENT_ID), two);
  t.equal(table.delete(2), two);
  t.equal(table.get(2), null);
  t.equal(table.get(LAST_PREPARED_STATEMENT_ID), null);
  t.equal(table.delete(2), null, 'closing twice is nothing');
  t.equal(table.size, 1);
});

await t.test('an id that is given again means the newer statement', async (t) => {
  const table = new StatementTable(() => null);
  table.add(statement(1));
  const newer = statement(1);
  table.add(newer);
  t.equal(table.get(1), newer);
  t.equal(table.size, 1);
});

await t.test('forgets the oldest statement beyond the bound, and returns it', async (t) => {
  const table = new StatementTable(() => null);
  const first = statement(0);
  first.cursorUsage = openCursor();
  table.add(first);
  let forgotten = null;
  for (let id = 1; forgotten === null && id < 100_000; id += 1) forgotten = table.add(statement(id, 0));
  t.equal(forgotten, first);
  t.ok(table.size >= 16_382, 'as many are kept as a server lets a client have');
  t.equal(table.get(0), null);
});

await t.test('keeps a megabyte of texts, and drops the oldest first', async (t) => {
  const table = new StatementTable(() => null);
  const textBytes = 100 * 1024;
  for (let id = 0; id < 100; id += 1) {
    table.add(statement(id, textBytes));
    const kept = Array.from({ length: id + 1 }, (_, at) => table.get(at)?.sql?.length ?? 0);
    t.ok(kept.reduce((sum, bytes) => sum + bytes, 0) <= 1024 * 1024, `after ${id + 1} statements`);
    t.equal(kept.at(-1), textBytes, 'the newest has its text');
  }
  t.equal(table.size, 100, 'statements without their text are still known');
});

await t.test('forgets the least recently used texts and statements first', async (t) => {
  const forgotten: number[] = [];
  const table = new StatementTable((statement) => {
    forgotten.push(statement.id);
    return { of: statement.sql!.length };
  });
  const textBytes = 100 * 1024;
  for (let id = 1; id <= 10; id += 1) table.add(statement(id, textBytes));
  table.use(1);
  table.add(statement(11, textBytes));
  table.add(statement(12, textBytes));
  t.same(forgotten, [2, 3], 'no more than has to go');
  t.match(table.get(2), { sql: null, kept: { of: textBytes } });
  t.match(table.get(1), { sql: Buffer, kept: null });
  table.use(2);
  let gone = null;
  for (let id = 100; gone === null; id += 1) gone = table.add(statement(id, 0));
  t.equal(gone.id, 3);
});

await t.test('closed statements leave room for the texts of others', async (t) => {
  const table = new StatementTable(() => null);
  const kept = statement(1, 100 * 1024);
  table.add(kept);
  for (let id = 2; id < 200; id += 1) {
    table.add(statement(id, 500 * 1024));
    table.delete(id);
  }
  t.not(kept.sql, null);
});

await t.test('clear() returns the statements with an open cursor', async (t) => {
  const table = new StatementTable(() => null);
  const open = statement(2);
  open.cursorUsage = openCursor();
  table.add(statement(1));
  table.add(open);
  t.same(table.openCursors(), [open.cursorUsage]);
  t.same(table.clear(), [open]);
  t.equal(table.size, 0);
  t.same(table.openCursors(), []);
  t.equal(table.get(LAST_PREPARED_STATEMENT_ID), null);
});

await t.test('knows the names of attributes from an earlier execution, unless they are very long', async (t) => {
  const options = { hasQueryAttributes: true };
  const found = (name: string): (string | undefined)[] => {
    const attributes = Array.from({ length: 3 }, (_, i) =>
      ({ type: 253, name: `${name}${i}`, bytes: encodeLenencString(`value ${i}`) }));
    const bound = new BoundParameters(0);
    const first = bound.decode(executePayload(attributes, options), true, 0);
    const later = bound.decode(executePayload(attributes, { ...options, withoutTypes: true }), true, 0);
    return [first, later].map((one) => one.attributes?.get(`${name}2`));
  };
  t.strictSame(found('route'), ['value 2', 'value 2']);
  t.strictSame(found('x'.repeat(400)), ['value 2', undefined]);
});

await t.test('keeps the types of columns as long as the text, and within the same bound', async (t) => {
  const table = new StatementTable(() => null);
  const [one, two] = [statement(1), statement(2, 1024 * 1024 - 100)];
  table.add(one);
  table.keepTypes(one, Buffer.alloc(10));
  t.equal(one.columnTypes?.length, 10);
  table.add(two);
  t.equal(one.columnTypes?.length, 10, 'while there is room for both');
  table.keepTypes(two, Buffer.alloc(90));
  t.strictSame([one.sql, one.columnTypes], [null, null]);
  t.equal(two.columnTypes?.length, 90);
  table.keepTypes(one, Buffer.alloc(10));
  t.equal(one.columnTypes, null, 'not of a statement whose text was dropped');
  table.delete(2);
  table.keepTypes(two, Buffer.alloc(10));
  t.equal(two.columnTypes?.length, 90, 'nor of one that is closed');
});
