import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import t, { type Test } from 'tap';
import type { Arguments } from '../../src/cli/command.js';
import { run as runCommand } from '../../src/cli/run.js';
import { run } from '../support/run.js';
import { CLI, silentUpstream, sluice } from './program.js';

/** A command of `node` that runs this script. */
const node = (script: string, ...args: readonly string[]): string[] => ['--', process.execPath, '-e', script, ...args];

t.test('runs the words after -- with Sluice\'s standard streams, and ends with their exit code', async (t) => {
  const script = `
    process.stdout.write(JSON.stringify(process.argv.slice(1)));
    process.stdin.on('data', (text) => process.stderr.write(text));
    process.stdin.on('end', () => { process.exitCode = 42; });
  `;
  const words = ['--upstream', '-x', 'help', '007', '--', '', 'two words'];
  const { code, stdout, stderr } = await run(process.execPath, [CLI, 'run', '--demo', ...node(script, '--', ...words)],
    { input: 'typed' });
  t.strictSame(JSON.parse(stdout), words);
  t.match(stderr, /^typed/);
  t.equal(code, 42);
});

t.test('the command finds the embedded server behind the proxy, which is gone afterwards', async (t) => {
  const rows = ['mariadb', '--no-defaults', '--user=demo', '--batch', '--skip-column-names',
    '--execute=SELECT * FROM rows_3', 'demo'];
  const { code, stdout, stderr } = await sluice(['run', '--demo', '--', ...rows]);
  t.equal(code, 0, stderr);
  t.equal(stdout, '1\trow 1\n2\trow 2\n3\trow 3\n');

  const where = await sluice(['run', '--demo', '--rewrite', 'ONE', '--rewrite', 'TWO', ...node(`
    const { SLUICE_HOST, SLUICE_PORT, MYSQL_HOST, MYSQL_TCP_PORT, ONE, TWO } = process.env;
    process.stdout.write([SLUICE_HOST, SLUICE_PORT, MYSQL_HOST, MYSQL_TCP_PORT, ONE, TWO].join(' '));
  `)], { ONE: 'mysql://app:p%40ss@db.example.com/shop?a=b', TWO: 'jdbc:mariadb://db:3306/shop' });
  const [host = '', port] = where.stdout.split(' ');
  t.equal(where.stdout, `${host} ${port} ${host} ${port} mysql://app:p%40ss@${host}:${port}/shop?a=b ` +
    `jdbc:mariadb://${host}:${port}/shop`);
  const socket = connect(Number(port), host);
  await t.rejects(once(socket, 'connect'), { code: 'ECONNREFUSED' });
});

t.test('--listen gives the port, also one on all interfaces', async (t) => {
  const { stdout } = await sluice(['run', '--demo', '--listen', '0.0.0.0:0',
    ...node("process.stdout.write(process.env.SLUICE_HOST)")]);
  t.equal(stdout, '127.0.0.1');
});

t.test('records go to the file of audit.to, and never to standard output', async (t) => {
  const folder = t.testdir({
    'file.json': JSON.stringify({ audit: { to: 'audit.json' }, limits: { rows: 2 } }),
    'stdout.json': JSON.stringify({ audit: { to: 'stdout' }, limits: { rows: 2 } }),
  });
  const read = ['--', 'mariadb', '--no-defaults', '--user=demo', '--batch', '--skip-column-names',
    '--execute=SELECT id FROM rows_3', 'demo'];
  await Promise.all(['file.json', 'stdout.json'].map(async (file) => {
    const { code, stdout, stderr } = await sluice(['run', '--demo', '--config', join(folder, file), ...read]);
    t.equal(code, 0, stderr);
    t.equal(stdout, '1\n2\n3\n');
  }));
  const records = readFileSync(join(folder, 'audit.json'), 'utf8').trim().split('\n');
  t.equal(records.length, 1);
  t.match(JSON.parse(records[0]!), { action: 'would-cut', rows: 3, time: String });
});

t.test('fails a command that has succeeded, and no other, when a result is beyond a limit', async (t) => {
  const folder = t.testdir({});
  const report = (name: string): string => join(folder, name);
  const read = "mariadb --no-defaults --user=demo --comments --execute=\"SELECT * FROM rows_3 /*test='lists'*/\" demo";
  const cases = [
    { flags: ['--max-rows', '2'], command: read, code: 3, says: /1 result would have been cut\n.*3 rows.*Test: lists/ },
    { flags: ['--max-rows', '2'], command: `${read}; exit 4`, code: 4, says: /^Policy broken by 1 digest/m },
    { flags: ['--max-rows', '3'], command: read, code: 0, says: /^Policy kept/m },
    { flags: [], command: read, code: 0, says: /^sluice: 1 session\nNo result was beyond a limit\n$/ },
    { flags: [], command: 'true', code: 0, says: /^sluice: 0 sessions\nNo result .*\nNo client came to the proxy: / },
    { flags: ['--max-rows', '2', '--mode', 'enforce'], command: `${read} || true`, code: 3, says: /1 result cut\n/ },
    { flags: ['--format', `json=${report('no/such')}`], command: 'true', code: 1, says: /^sluice: --format json: /m },
    { flags: ['--format', `json=${report('a.json')}`, '--format', 'text'], command: read, code: 0, says: /^sluice: 1/ },
  ];
  await Promise.all(cases.map(async ({ flags, command, code, says }) => {
    const result = await sluice(['run', '--demo', ...flags, '--', 'sh', '-c', command]);
    t.equal(result.code, code, result.stderr);
    t.match(result.stderr, says);
  }));
  t.type(JSON.parse(readFileSync(report('a.json'), 'utf8')), 'object');
});

t.test('a report on standard output is whole even when its reader is slow', async (t) => {
  const statements = Array.from({ length: 400 }, (_, index) => `SELECT * FROM rows_${index + 3};`).join(' ');
  // A program of Node.js that is killed leaves the pipe in a mode in which a write takes only a part.
  const killed = "console.log(); setTimeout(() => process.kill(process.pid, 'SIGKILL'), 100)";
  const { stdout: report } = await run('/bin/sh', [
    '-c', '"$@" | { sleep 3; cat; }', 'sh', process.execPath, CLI, 'run', '--demo', '--max-rows', '2',
    '--format', 'json', '--', 'sh', '-c',
    `mariadb --no-defaults --user=demo --execute='${statements}' demo >/dev/null; exec node -e "${killed}"`,
  ]);
  t.ok(report.length > 65_536, 'it is longer than a pipe takes at once');
  t.doesNotThrow(() => JSON.parse(report));
});

t.test('sessions that outlive the command are ended after shutdown.timeout', async (t) => {
  const { address } = await silentUpstream(t);
  const config = join(t.testdir({ 'sluice.json': '{ "shutdown": { "timeout": "200ms" } }' }), 'sluice.json');
  const lasting = `
    const socket = require('net').connect(process.env.SLUICE_PORT, () => console.log('connected'));
    socket.on('error', () => {});
    socket.on('close', () => process.exit());
  `;
  const command = `
    const { spawn } = require('child_process');
    const options = { detached: true, stdio: ['ignore', 'pipe', 'ignore'] };
    const child = spawn(process.execPath, ['-e', process.argv[1]], options);
    child.stdout.on('data', () => process.exit(6));
  `;
  const { code, stderr } = await sluice(['run', '--upstream', address, '--config', config, ...node(command, lasting)]);
  t.equal(code, 6);
  t.match(stderr, /"timeoutMs":200,.*"msg":"stopping now: the sessions are ended"/);
});

t.test('a statement that is repeated in one transaction fails a command, and a baseline lets it pass', async (t) => {
  const folder = t.testdir({
    'run.json': JSON.stringify({ audit: { to: 'audit.json', sample: { oneIn: 1 } } }), 'audit.json': '',
  });
  const [config, audit, known] = ['run.json', 'audit.json', 'known.json'].map((name) => join(folder, name));
  const read = 'SELECT * FROM rows_3;';
  const suite = async (statements: string, ...flags: readonly string[]) => {
    const command = ['mariadb', '--no-defaults', '--user=demo', `--execute=${statements}`, 'demo'];
    const limits = ['--max-executions', '3', '--fail-on', 'repeated'];
    return sluice(['run', '--demo', ...limits, ...flags, '--', ...command]);
  };
  const [once, often, apart] = await Promise.all([
    suite(`BEGIN; ${read.repeat(3)} COMMIT; BEGIN; ${read.repeat(3)} COMMIT`),
    suite(`BEGIN; ${read.repeat(5)} COMMIT`, '--config', config!),
    suite(read.repeat(5)),
  ]);
  t.equal(once.code, 0, once.stderr);
  t.equal(often.code, 3);
  t.match(often.stderr, /repeated 5 times in transaction 1 of session 1, 15 rows in all \(at most 3 executions\)/);
  t.equal(apart.code, 0);
  t.match(apart.stderr, /^Not looked at for repetitions: \d+ executions outside of transactions and traces$/m);
  t.equal((await sluice(['baseline', '--baseline', known!, audit!])).code, 0);
  t.equal((await suite(`BEGIN; ${read.repeat(5)} COMMIT`, '--baseline', known!)).code, 0);
  t.equal((await suite(`BEGIN; ${read.repeat(11)} COMMIT`, '--baseline', known!)).code, 3);
});

t.test('says what is wrong with the command line, with exit code 2, before anything starts', async (t) => {
  const started = join(t.testdir({}), 'started');
  const words = { '--': ['touch', started] };
  const mistakes: readonly (readonly [given: Arguments, says: RegExp])[] = [
    [{ demo: true }, /expected a command after --, such as sluice run --upstream db\.example\.com -- npm test/],
    [{ demo: true, '--': [] }, /expected a command after --/],
    [words, /^config: upstream: required/],
    [{ demo: true, upstream: 'db', ...words }, /^--demo: is the server itself, leave --upstream out/],
    [{ demo: true, rewrite: ['NO_SUCH', 'NONE'], ...words }, /^--rewrite NO_SUCH: .*\n--rewrite NONE: /],
    [{ demo: true, listen: '/tmp/x.sock', ...words }, /^--listen: the command needs a host and a port/],
    [{ demo: true, 'max-rows': 'many', ...words }, /--max-rows/],
  ];
  for (const [given, says] of mistakes) await t.rejects(runCommand.run(given), { message: says });
  t.notOk(existsSync(started));

  const typed: readonly (readonly [args: readonly string[], says: RegExp])[] = [
    [['--demo', 'touch', started], /^sluice: expected only flags after run, got "touch": put -- before the command/],
    [['--demo', '--admin', '127.0.0.1:0', '--', 'touch', started], /^sluice: unknown flag --admin/],
  ];
  await Promise.all(typed.map(async ([args, says]) => {
    const { code, stderr } = await sluice(['run', ...args]);
    t.equal(code, 2, args.join(' '));
    t.match(stderr, says);
  }));
  t.notOk(existsSync(started));
});

t.test('a command that cannot be run gives the exit code of a shell, and a failure of Sluice gives 1', async (t) => {
  const folder = t.testdir({ 'not-executable': '#!/bin/sh\n' });
  const cases: readonly (readonly [args: readonly string[], code: number, says: RegExp])[] = [
    [['--', 'no-such-program'], 127, /^sluice: cannot run "no-such-program": there is no such program[^\n]*\n$/],
    [['--', ''], 127, /^sluice: cannot run "": there is no such program/],
    [['--', join(folder, 'not-executable')], 126, /it is no program that this user may execute/],
    [['--', folder], 126, /it is no program that this user may execute/],
    [['--listen', '192.0.2.1:0', '--', 'true'], 1, /^sluice: cannot listen on 192\.0\.2\.1:0/],
  ];
  await Promise.all(cases.map(async ([args, code, says]) => {
    const result = await sluice(['run', '--demo', ...args]);
    t.equal(result.code, code, result.stderr);
    t.match(result.stderr, says);
  }));
});

/** A command that prints a line once it runs. It prints each signal named in TRAP that it gets, and goes on. */
const WAITING = `
  const signals = (process.env.TRAP ?? '').split(',').filter((name) => name !== '');
  for (const name of signals) process.on(name, () => console.log(name));
  process.on('SIGTERM', () => process.exit(7));
  setInterval(() => {}, 1000);
  console.log('ready');
`;

async function startWaiting(t: Test, trap: string, options: { detached?: boolean } = {}) {
  const child = spawn(process.execPath, [CLI, 'run', '--demo', ...node(WAITING)], {
    stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, TRAP: trap }, ...options,
  });
  t.teardown(() => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => String((await lines.next()).value);
  t.equal(await next(), 'ready');
  return { child, next, ended: once(child, 'exit') };
}

t.test('passes signals on to the command, and ends with its exit code', async (t) => {
  const trapped = ['SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;
  const { child, next, ended } = await startWaiting(t, trapped.join());
  for (const signal of trapped) {
    child.kill(signal);
    t.equal(await next(), signal);
  }
  child.kill('SIGTERM');
  t.strictSame(await ended, [7, null]);
});

t.test('a command that a signal ends gives 128 and its number', async (t) => {
  const killed = sluice(['run', '--demo', '--', 'sh', '-c', 'kill -KILL $$']);
  for (const [signal, code] of [['SIGINT', 130], ['SIGHUP', 129]] as const) {
    const { child, ended } = await startWaiting(t, '');
    child.kill(signal);
    t.strictSame(await ended, [code, null]);
  }
  t.equal((await killed).code, 137);
});

t.test('Ctrl-C at a terminal reaches the command once', async (t) => {
  // Sluice stands still until the command has the terminal's signal, and passes on another one after it.
  const script = [
    'import os, pty, signal, sys',
    'pid, terminal = pty.fork()',
    'if pid == 0: os.execv(sys.argv[1], sys.argv[1:])',
    'seen = b""',
    'def until(text):',
    '  global seen',
    '  while text not in seen: seen += os.read(terminal, 4096)',
    'until(b"ready")',
    'os.kill(pid, signal.SIGSTOP)',
    'os.write(terminal, b"\\x03")',
    'until(b"SIGINT")',
    'os.kill(pid, signal.SIGCONT)',
    'os.kill(pid, signal.SIGUSR2)',
    'until(b"SIGUSR2")',
    'os.write(terminal, b"end\\n")',
    'status = os.waitpid(pid, 0)[1]',
    'sys.stdout.buffer.write(seen)',
    'sys.exit(os.waitstatus_to_exitcode(status))',
  ].join('\n');
  const command = `
    for (const name of ['SIGINT', 'SIGUSR2']) process.on(name, () => console.log(name));
    process.stdin.on('data', () => process.exit(5));
    console.log('ready');
  `;
  const { code, stdout, stderr } = await run(
    '/usr/bin/python3', ['-c', script, process.execPath, CLI, 'run', '--demo', ...node(command)],
  );
  t.equal(code, 5, stderr);
  t.strictSame(stdout.match(/SIG\w+/g), ['SIGINT', 'SIGUSR2']);
});
