import t, { type Test } from 'tap';
import { ClientProfile } from '../../src/policy/clientProfile.js';
import { Guard } from '../../src/policy/guard.js';
import { Command } from '../../src/protocol/commands.js';
import type { PendingCommand, Usage } from '../../src/conversation/command.js';
import { Conversation } from '../../src/conversation/conversation.js';
import type { ConversationObserver, ResponseObserver } from '../../src/conversation/conversationObserver.js';
import { queryCommand, settings, statementCommand } from '../support/governed.js';

const nothing = (): void => undefined;
const NOTHING_TOLD = { schema: null, characterSet: null };
const refuse = (): never => {
  throw new Error('nobody asks for a usage here');
};
const OBSERVER: ConversationObserver = { greeted: nothing, identified: nothing, ready: nothing, unparsed: nothing };
const RESPONSES: ResponseObserver<Usage> = {
  newUsage: refuse, cursorOpened: nothing, usageEnded: nothing, statementDone: nothing,
};

/** A client that has logged in as `app` to the schema `shop`. */
const logIn = (
  t: Test, given: object,
): { conversation: Conversation; profile: ClientProfile; reload: (given: object) => void } => {
  const conversation = new Conversation(
    { observer: OBSERVER, responses: RESPONSES, textBytes: 1024, parameterBytes: 0, setUp: null, now: () => 0 },
  );
  conversation.identify({ user: 'app', schema: 'shop', attributes: new Map(), collation: 45 });
  const guardOf = (json: object): Guard => new Guard(settings(t, json), () => 0);
  const shared = { guard: guardOf(given) };
  const profile = new ClientProfile(shared, conversation, '10.0.0.7');
  return { conversation, profile, reload: (json) => (shared.guard = guardOf(json)) };
};
const SELECT = queryCommand('SELECT 1 FROM t', 1);
const BY_SCHEMA = { rules: [{ name: 'archive', match: { schema: 'archive' } }, { name: 'bi', match: { user: 'bi' } }] };

t.test('looks rules up again when the schema or the client changes', (t) => {
  const { conversation, profile } = logIn(t, BY_SCHEMA);
  const rule = () => profile.govern(SELECT).terms.rule;
  t.equal(rule(), 'default');
  conversation.schema = 'archive';
  t.equal(rule(), 'archive');
  conversation.identify({ user: 'bi', schema: 'shop', attributes: new Map(), collation: 45 });
  t.equal(rule(), 'bi');
  t.end();
});

t.test('keeps the settings of a response under way when the configuration is read again', (t) => {
  const { conversation, profile, reload } = logIn(t, { ...BY_SCHEMA, limits: { rows: 10 } });
  const usage = profile.govern(SELECT);
  reload({ limits: { rows: 2 } });
  t.notOk(profile.governAgain(usage));
  t.equal(usage.terms.limits.rows, 10);
  conversation.schema = 'archive';
  t.ok(profile.governAgain(usage));
  t.match(usage.terms, { rule: 'archive', limits: { rows: 10 } }, 'also when its schema has changed');
  t.equal(profile.govern(SELECT).terms.limits.rows, 2, 'the next one has the new settings');
  t.end();
});

t.test('asks only for the schema again when only the schema has changed', (t) => {
  const { conversation, profile } = logIn(t, { rules: [{ name: 'r', match: { program: 'app*', schema: 'shop' } }] });
  let asked = 0;
  class Counting extends Map<string, string> {
    override get(name: string): string | undefined {
      asked += 1;
      return super.get(name);
    }
  }
  const attributes = new Counting([['program_name', 'app 1']]);
  conversation.identify({ user: 'app', schema: 'shop', attributes, collation: 45 });
  t.equal(profile.govern(SELECT).terms.rule, 'r');
  const before = asked;
  for (const schema of ['archive', 'shop', 'other']) {
    conversation.schema = schema;
    t.equal(profile.govern(SELECT).terms.rule, schema === 'shop' ? 'r' : 'default');
  }
  t.equal(asked, before);
  t.end();
});

/** A command of which this many answers have begun. */
const answered = (command: PendingCommand, answerCount = 1): PendingCommand => Object.assign(command, { answerCount });

t.test('reads the schema from a USE when the server does not tell it', (t) => {
  const { conversation, profile } = logIn(t, BY_SCHEMA);
  profile.statementDone(answered(queryCommand('USE archive')), NOTHING_TOLD);
  t.equal(conversation.schema, 'archive');
  profile.statementDone(answered(queryCommand('USE shop')), { ...NOTHING_TOLD, schema: 'shop' });
  t.equal(conversation.schema, 'archive', 'what the server says itself holds');
  profile.statementDone(answered(statementCommand(Command.STMT_EXECUTE, 'use `shop`')), NOTHING_TOLD);
  t.equal(conversation.schema, 'shop', 'a prepared one too');
  profile.statementDone(answered(queryCommand(`/* ${'x'.repeat(2000)} */ USE attic`)), NOTHING_TOLD);
  t.equal(conversation.schema, 'attic', 'however far back it stands');
  t.end();
});

t.test('reads the encoding of errors from the login, and from a SET that the server does not report', (t) => {
  const { conversation, profile } = logIn(t, {});
  const encodingAfter = (sql: string, characterSet: string | null = null): string => {
    profile.statementDone(answered(queryCommand(sql)), { ...NOTHING_TOLD, characterSet });
    return conversation.textEncoding;
  };
  t.equal(conversation.textEncoding, 'utf8');
  t.equal(encodingAfter('SET NAMES latin1'), 'latin1');
  t.equal(encodingAfter('INSERT INTO t VALUES (1)'), 'latin1');
  t.equal(encodingAfter('SET NAMES gbk'), 'ascii');
  t.equal(encodingAfter('SET NAMES utf8mb4', 'utf8mb4'), 'ascii', 'a SET that the server reports is not read again');
  conversation.identify({ user: 'app', schema: 'shop', attributes: new Map(), collation: 8 });
  t.equal(conversation.textEncoding, 'latin1');
  t.end();
});

t.test('a USE among other statements takes effect when its own answer has come', (t) => {
  const { conversation, profile } = logIn(t, BY_SCHEMA);
  const command = queryCommand(`INSERT INTO t VALUES (1); USE archive; SELECT '${'x'.repeat(2000)}'`);
  profile.statementDone(answered(command, 1), NOTHING_TOLD);
  t.equal(conversation.schema, 'shop');
  profile.statementDone(answered(command, 2), NOTHING_TOLD);
  t.equal(conversation.schema, 'archive');
  t.end();
});

t.test("a raised net_write_timeout announces a JDBC stream, and is known as the server's patience", (t) => {
  const { profile } = logIn(t, {});
  t.equal(profile.netWriteTimeoutMs, 60_000);
  profile.statementDone(answered(queryCommand('SET net_write_timeout=600', 4)), NOTHING_TOLD);
  t.equal(profile.netWriteTimeoutMs, 600_000);
  t.match(profile.govern(queryCommand('SELECT 1 FROM t', 5)).terms, { signal: 'jdbc' });
  t.match(profile.govern(queryCommand('SELECT 1 FROM t', 6)).terms, { signal: null });
  profile.statementDone(answered(queryCommand(`SET net_write_timeout=60${' '.repeat(2000)}`, 7)), NOTHING_TOLD);
  t.equal(profile.netWriteTimeoutMs, 600_000, 'a long text is not searched');
  t.end();
});

t.test('forgets what a session has set when the session is reset, and keeps what Sluice sets', (t) => {
  const { profile } = logIn(t, {});
  profile.setUp(420_000);
  t.equal(profile.netWriteTimeoutMs, 420_000);
  profile.statementDone(answered(queryCommand('SET net_write_timeout=5', 1)), NOTHING_TOLD);
  t.equal(profile.netWriteTimeoutMs, 5000);
  profile.reset();
  t.equal(profile.knownNetWriteTimeoutMs, null);
  t.match(profile.govern(queryCommand('SELECT 1 FROM t', 2)).terms, { signal: null }, 'nothing is announced any more');
  profile.statementDone(answered(queryCommand('SET net_write_timeout=600', 3)), NOTHING_TOLD);
  profile.reset();
  t.equal(profile.knownNetWriteTimeoutMs, null);
  profile.serverWaits(30_000);
  t.equal(profile.netWriteTimeoutMs, 30_000);
  t.end();
});
