import t from 'tap';
import { Command } from '../../src/protocol/commands.js';
import { encodeLenencString } from '../../src/protocol/lenenc.js';
import { govern, queryCommand, statementCommand } from '../support/governed.js';
import { attributedQuery, type Attribute } from '../support/commandPayloads.js';

const attribute = (name: string, value: string): Attribute => ({ name, type: 253, value: encodeLenencString(value) });

t.test('tags of an execution replace those in the comments of its statement', (t) => {
  const sql = "SELECT 1 /*route='%2Fold',job='nightly'*/";
  const payload = attributedQuery(sql, [attribute('route', '/new'), attribute('traceparent', 'x')]);
  const query = Object.assign(queryCommand(sql), { attributes: payload.subarray(0, payload.length - sql.length) });
  const execution = Object.assign(statementCommand(Command.STMT_EXECUTE, sql), { attributes: new Map([['route', '/new']]) });
  t.strictSame(Object.fromEntries(govern(t, {}, query).usage.tags), { route: '/new', job: 'nightly', traceparent: 'x' });
  t.strictSame(Object.fromEntries(govern(t, {}, execution).usage.tags), { route: '/new', job: 'nightly' });
  const rules = [{ name: 'new', match: { tags: { route: '/n*' } } }, { name: 'old', match: { tags: { route: '/o*' } } }];
  t.equal(govern(t, { rules }, execution).usage.terms.rule, 'new');
  t.equal(govern(t, { rules }, statementCommand(Command.STMT_EXECUTE, sql)).usage.terms.rule, 'old');
  t.end();
});
