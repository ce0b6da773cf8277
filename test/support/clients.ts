import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { access, mkdtemp, rename, rm } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { run, runOk } from './run.js';
import { APP } from './seed.js';
import { commandLineOf, MYSQL9_ENV, type ServerKind } from './servers.js';

// Real client programs, all used alike: connect as `app`, read one statement's rows, then run SELECT 42 on the same
// connection, and report what was seen.

export interface ClientError {
  readonly code: number;
  /** null where the driver does not hand it on. */
  readonly sqlState: string | null;
  readonly message: string;
}

export interface ClientReport {
  /** Rows that the program itself got into its hands. */
  readonly rows: number;
  /** Sum of the rows' first columns. */
  readonly sum: number;
  readonly error: ClientError | null;
  /** What SELECT 42, CONNECTION_ID() said afterwards, or null where it failed. */
  readonly after: { readonly answer: number; readonly connectionId: number } | null;
  readonly afterError: string | null;
}

export interface Client {
  readonly name: string;
  /** Whether the program gets rows before the result is complete. */
  readonly reads: 'buffered' | 'streaming';
  readonly protocol: 'text' | 'binary' | 'cursor';
  /** The driver says that a cursor's fetch failed, and loses the server's error (PHP's mysqlnd 8.2). */
  readonly losesError?: true;
  read(port: number, sql: string): Promise<ClientReport>;
}

const PROGRAMS = fileURLToPath(new URL('programs', import.meta.url));
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/sluice-test', import.meta.url));
const JDBC = process.env['SLUICE_JDBC'] ?? '/usr/share/java/mariadb-java-client.jar';
// Debian's own interpreter: another one on the PATH lacks the drivers.
const PYTHON = '/usr/bin/python3';

const report = async (program: string, args: readonly string[], env?: NodeJS.ProcessEnv): Promise<ClientReport> => {
  const { code, stdout, stderr } = await run(program, args, { env: { ...process.env, ...env } });
  const line = stdout.split('\n').find((candidate) => candidate.startsWith('{'));
  if (line === undefined) throw new Error(`${program} ended with ${code} and no report:\n${stderr}${stdout}`);
  return JSON.parse(line) as ClientReport;
};

const target = (port: number, sql: string): string[] => [
  '127.0.0.1', String(port), APP.user, APP.password, APP.schema, sql,
];

/** Options with which each vendor's programs connect as `app` to `port`; further ones may override them. */
export const connectOptions = (vendor: ServerKind, port: number): string[] => [
  '--no-defaults', '--protocol=tcp', '--host=127.0.0.1', `--port=${port}`, `--user=${APP.user}`,
  `--password=${APP.password}`,
  // Without TLS the password travels encrypted with the server's key. MySQL's programs want to be asked for that;
  // MariaDB's (10.11) send it in clear where TLS was not ruled out, and are denied, by a server without TLS as well.
  vendor === 'mysql' ? '--get-server-public-key' : '--skip-ssl',
];

export interface CommandLineReport {
  /** All results' rows in order, each a list of its fields as text. */
  readonly rows: readonly string[][];
  readonly errors: readonly ClientError[];
  readonly stderr: string;
}

/** Runs the `mariadb` or the `mysql` command line with `input` on its standard input; goes on after an error. */
export const commandLine = async (
  vendor: ServerKind, port: number, input: string, flags: readonly string[] = [],
): Promise<CommandLineReport> => {
  const { stdout, stderr } = await run(commandLineOf(vendor), [...connectOptions(vendor, port), '--batch',
    '--skip-column-names', '--force', ...flags, APP.schema], { input, env: MYSQL9_ENV });
  const errors = [...stderr.matchAll(/^ERROR (\d+) \((\w+)\)(?: at line \d+)?: (.*)$/gm)].map((found) => ({
    code: Number(found[1]), sqlState: found[2] ?? '', message: found[3] ?? '',
  }));
  return { rows: stdout.split('\n').slice(0, -1).map((line) => line.split('\t')), errors, stderr };
};

const readWithCommandLine = (vendor: ServerKind, flags: readonly string[]): Client['read'] => async (port, sql) => {
  // A lost connection would be opened again by itself: the connection's id shows that.
  const { rows: all, errors, stderr } = await commandLine(vendor, port, `${sql};\nSELECT 42, CONNECTION_ID();\n`, flags);
  const last = all.at(-1);
  const isAnswer = last?.length === 2 && last[0] === '42';
  const rows = isAnswer ? all.slice(0, -1) : all;
  return {
    rows: rows.length,
    sum: rows.reduce((sum, row) => sum + Number(row[0]), 0),
    error: errors[0] ?? null,
    after: isAnswer ? { answer: 42, connectionId: Number(last[1]) } : null,
    afterError: isAnswer ? null : stderr,
  };
};

let compiled: Promise<string> | undefined;

/** The folder of the compiled Java program; compiled once for each version of its source. */
const javaClasses = (): Promise<string> => (compiled ??= compileJava());

const compileJava = async (): Promise<string> => {
  const source = join(PROGRAMS, 'Read.java');
  const key = createHash('sha256').update(readFileSync(source)).digest('hex').slice(0, 12);
  const path = join(CACHE, `java-${key}`);
  if (await access(path).then(() => true, () => false)) return path;
  mkdirSync(CACHE, { recursive: true });
  const folder = await mkdtemp(join(CACHE, 'java-new-'));
  await runOk('javac', ['-cp', JDBC, '-d', folder, source]);
  await rename(folder, path).catch(() => rm(folder, { recursive: true, force: true }));
  return path;
};

const readWithJava = (mode: string): Client['read'] => async (port, sql) =>
  report('java', ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-cp', `${await javaClasses()}:${JDBC}`, 'Read', mode,
    ...target(port, sql)]);

const readWithPython = (driver: string, mode: string): Client['read'] => (port, sql) =>
  report(PYTHON, [join(PROGRAMS, 'read.py'), driver, mode, ...target(port, sql)]);

const readWithConnectorC: Client['read'] = (port, sql) =>
  report(PYTHON, [join(PROGRAMS, 'cursor.py'), ...target(port, sql)]);

const readWithPhp = (mode: string): Client['read'] => (port, sql) =>
  report('php', [join(PROGRAMS, 'read.php'), mode, ...target(port, sql)]);

const readWithPerl = (mode: string): Client['read'] => (port, sql) =>
  report('perl', [join(PROGRAMS, 'read.pl'), mode, ...target(port, sql)]);

/** Options with which sysbench connects as `app` to `port`. */
export const sysbenchOptions = (port: number): string[] => [
  '--db-driver=mysql', '--mysql-host=127.0.0.1', `--mysql-port=${port}`, `--mysql-user=${APP.user}`,
  `--mysql-password=${APP.password}`, `--mysql-db=${APP.schema}`,
];

const readWithSysbench: Client['read'] = (port, sql) =>
  report('sysbench', [join(PROGRAMS, 'read.lua'), ...sysbenchOptions(port), '--db-ps-mode=disable', '--events=1',
    '--time=0', 'run'], { READ_SQL: sql });

/** Starts pause.py: a reader that says "first", waits for a line of input, and reads the rest; it ends with `t`. */
export const startPausingReader = (t: Test, port: number, sql: string): ChildProcessWithoutNullStreams => {
  const reader = spawn(PYTHON, [join(PROGRAMS, 'pause.py'), ...target(port, sql)]);
  reader.stderr.pipe(process.stderr);
  t.teardown(() => reader.kill('SIGKILL'));
  return reader;
};

export const CLIENTS: readonly Client[] = [
  { name: 'mariadb', reads: 'buffered', protocol: 'text', read: readWithCommandLine('mariadb', []) },
  { name: 'mariadb --quick', reads: 'streaming', protocol: 'text', read: readWithCommandLine('mariadb', ['--quick']) },
  { name: 'mysql', reads: 'buffered', protocol: 'text', read: readWithCommandLine('mysql', []) },
  { name: 'mysql --quick', reads: 'streaming', protocol: 'text', read: readWithCommandLine('mysql', ['--quick']) },
  { name: 'MySQLdb', reads: 'buffered', protocol: 'text', read: readWithPython('mysqldb', 'buffered') },
  { name: 'MySQLdb SSCursor', reads: 'streaming', protocol: 'text', read: readWithPython('mysqldb', 'streaming') },
  { name: 'PyMySQL', reads: 'buffered', protocol: 'text', read: readWithPython('pymysql', 'buffered') },
  { name: 'PyMySQL SSCursor', reads: 'streaming', protocol: 'text', read: readWithPython('pymysql', 'streaming') },
  { name: 'PHP mysqli', reads: 'buffered', protocol: 'text', read: readWithPhp('buffered') },
  { name: 'PHP mysqli use_result', reads: 'streaming', protocol: 'text', read: readWithPhp('streaming') },
  { name: 'PHP mysqli prepared', reads: 'buffered', protocol: 'binary', read: readWithPhp('prepared-buffered') },
  { name: 'PHP mysqli prepared, unbuffered', reads: 'streaming', protocol: 'binary',
    read: readWithPhp('prepared-streaming') },
  { name: 'MariaDB Connector/C with a server cursor', reads: 'streaming', protocol: 'cursor', read: readWithConnectorC },
  { name: 'PHP mysqli with a server cursor', reads: 'streaming', protocol: 'cursor',
    losesError: true, read: readWithPhp('prepared-cursor') },
  { name: 'Perl DBD::mysql', reads: 'buffered', protocol: 'text', read: readWithPerl('buffered') },
  { name: 'Perl DBD::mysql use_result', reads: 'streaming', protocol: 'text', read: readWithPerl('streaming') },
  { name: 'Perl DBD::mysql prepared', reads: 'buffered', protocol: 'binary', read: readWithPerl('prepared-buffered') },
  { name: 'Java Connector/J', reads: 'buffered', protocol: 'text', read: readWithJava('buffered') },
  { name: 'Java Connector/J streaming', reads: 'streaming', protocol: 'text', read: readWithJava('streaming') },
  { name: 'Java Connector/J prepared', reads: 'buffered', protocol: 'binary', read: readWithJava('prepared-buffered') },
  { name: 'Java Connector/J prepared, streaming', reads: 'streaming', protocol: 'binary',
    read: readWithJava('prepared-streaming') },
  { name: 'sysbench', reads: 'buffered', protocol: 'text', read: readWithSysbench },
];
