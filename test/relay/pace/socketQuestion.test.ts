import { pino } from 'pino';
import t from 'tap';
import { DemoClient } from '../../../src/demo/client.js';
import { startDemoServer } from '../../../src/demo/server.js';
import { BypassWarnings, SocketQuestion } from '../../../src/relay/pace/socketQuestion.js';
import { newCommand, responseShape } from '../../../src/conversation/command.js';
import { startProgram } from '../../cli/program.js';

const QUERY = 0x03;

/** Whether the last of these queries was the driver's query for the socket. */
function endsWithQuestion(...queries: string[]): boolean {
  const question = new SocketQuestion();
  for (const sql of queries) {
    const text = Buffer.from(sql);
    const command = newCommand(QUERY, responseShape(QUERY), 1, 0);
    question.see(Object.assign(command, { text, textBytes: text.length }));
  }
  return question.wasLast;
}

t.test("knows a driver's query for @@socket when no other query follows", (t) => {
  const ofMysqlAsync = 'SELECT @@max_allowed_packet,@@wait_timeout,@@socket';
  const questions = ['SELECT @@socket', 'select @@SOCKET', ofMysqlAsync, 'SELECT @@global.socket'];
  for (const sql of questions) {
    t.ok(endsWithQuestion(sql), sql);
    t.ok(endsWithQuestion('SELECT @@max_allowed_packet', sql), `${sql} as the second`);
    t.notOk(endsWithQuestion(sql, 'SELECT 1'), `${sql} and another`);
  }
  const others = [
    'SELECT @@socket_timeout', 'SELECT socket FROM t', 'SELECT 1', `SELECT '${'x'.repeat(300)}', @@socket`,
  ];
  for (const sql of others) t.notOk(endsWithQuestion(sql), sql);
  t.notOk(endsWithQuestion(...new Array<string>(4).fill('SELECT 1'), 'SELECT @@socket'), 'later no driver asks');
  t.end();
});

t.test('warns of a client that asks for the socket and leaves, and not of one that stays', async (t) => {
  const server = await startDemoServer();
  t.teardown(() => server.close());
  const upstream = `127.0.0.1:${server.address.port}`;
  const program = await startProgram(t, ['--listen', '127.0.0.1:0', '--upstream', upstream]);
  const visit = async (user: string, ...queries: string[]): Promise<void> => {
    const options = { host: '127.0.0.1', port: program.port, user, schema: 'demo', program: 'importer' };
    const client = await DemoClient.connect(options);
    for (const sql of queries) await client.query(sql);
    await client.close();
  };
  await visit('stays', 'SELECT @@max_allowed_packet, @@wait_timeout, @@socket', 'SELECT * FROM rows_1');
  await visit('leaves', 'SELECT @@max_allowed_packet, @@wait_timeout, @@socket');
  t.match(await program.said(/asked for @@socket and left: .* prefer_socket=false/), {
    level: 'warn', user: 'leaves', program: 'importer', client: /^127\.0\.0\.1:\d+$/,
  });
  t.equal(program.log.filter(({ msg }) => /@@socket/.test(String(msg))).length, 1);
});

interface Line {
  readonly msg: string;
  readonly user?: string;
}

/** The warnings about clients that leave one after the other. */
function linesAbout(...leavers: { user: string; program?: string }[]): readonly Line[] {
  const lines: Line[] = [];
  const warnings = new BypassWarnings(pino({}, { write: (line: string) => lines.push(JSON.parse(line)) }));
  for (const { user, program = null } of leavers) warnings.warn({ session: 1, client: '127.0.0.1:1', user, program });
  return lines;
}

t.test('warns once for each user and program', (t) => {
  const [app, other] = [{ user: 'app', program: 'a' }, { user: 'app', program: 'b' }];
  t.match(linesAbout(app, app, other, app, other, { user: 'bi' }), [app, other, { user: 'bi', program: null }]);
  t.equal(linesAbout(app, app, other).length, 2);
  t.end();
});

t.test('keeps a bounded number of bounded names, and says when it warns no more', (t) => {
  const lines = linesAbout(...Array.from({ length: 2000 }, (_, number) => ({ user: `user${number}` })));
  t.equal(lines.length, 1001);
  t.match(lines.at(-1), { msg: /further ones are not told$/ });
  const [line] = linesAbout({ user: 'x'.repeat(60_000) });
  t.equal(line?.user?.length, 128);
  t.end();
});
