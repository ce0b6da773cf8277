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

// Real client programs with one interface: connect as `app`, read the rows of one statement, run SELECT 42 on the same
// connection, and report what they saw.

export interface ClientError {
  readonly code: number;
  /** null when the driver does not pass it on */
  readonly sqlState: string | null;
  readonly message: string;
}

export interface ClientReport {
  /** Rows that the program itself got. */
  readonly rows: number;
  /** Sum of the rows' first columns. */
  readonly sum: number;
  readonly error: ClientError | null;
  /** The result of SELECT 42, CONNECTION_ID() afterwards, or null when it failed. */
  readonly after: { readonly answer: number; readonly connectionId: number } | null;
  readonly afterError: string | null;
}

export interface Client {
  readonly name: string;
  /** Whether the program gets rows before the result is complete. */
  readonly reads: 'buffered' | 'streaming';
  readonly protocol: 'text' | 'binary' | 'cursor';
  /** The driver reports that a cursor's fetch failed, and loses the server's error (PHP's mysqlnd 8.2). */
  readonly losesError?: true;
  read(port: number, sql: string): Promise<ClientReport>;
}

const PROGRAMS = fileURLToPath(new URL('programs', import.meta.url));
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/sluice-test', import.meta.url));
const JDBC = process.env['SLUICE_JDBC'] ?? '/usr/share/java/mariadb-java-client.jar';
// Debian's own interpreter: another one on the PATH lacks the drivers.
const PYTHON = '/usr/bin/python3';

/** Runs a program that reports in one line of JSON. */
export const report = async (
  program: string, args: readonly string[], env?: NodeJS.ProcessEnv,
): Promise<ClientReport> => {
  const { code, stdout, stderr } = await run(program, args, { env: { ...process.env, ...env } });
  const line = stdout.split('\n').find((candidate) => candidate.startsWith('{'));
  if (line === undefined) throw new Error(`${program} ended with ${code} and no report:\n${stderr}${stdout}`);
  return JSON.parse(line) as ClientReport;
};

const target = (port: number, sql: string, user: string = APP.user): string[] => [
  '127.0.0.1', String(port), user, APP.password, APP.schema, sql,
];

/** Options with which each vendor's programs connect as `app` to `port`; later options override them. */
export const connectOptions = (vendor: ServerKind, port: number): string[] => [
  '--no-defaults', '--protocol=tcp', '--host=127.0.0.1', `--port=${port}`, `--user=${APP.user}`,
  `--password=${APP.password}`,
  // Without TLS the password is encrypted with the server's key, which MySQL's programs request only with an option.
  // MariaDB's programs (10.11) send it in clear unless TLS is off, and are then denied, with or without Sluice.
  vendor === 'mysql' ? '--get-server-public-key' : '--skip-ssl',
];

export interface CommandLineReport {
  /** All results' rows in order, each a list of its fields as text. */
  readonly rows: readonly string[][];
  readonly errors: readonly ClientError[];
  readonly stderr: string;
}

/** Runs the `mariadb` or the `mysql` command line with `input` to read. It continues after an error. */
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

const readWithCommandLine = (vendor: ServerKind, ...flags: string[]): Client['read'] => async (port, sql) => {
  // The client would open a lost connection again. The connection's id shows that.
  const input = `${sql};\nSELECT 42, CONNECTION_ID();\n`;
  const { rows: all, errors, stderr } = await commandLine(vendor, port, input, flags);
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

/** Java with MariaDB's Connector/J; READ_OPTIONS in `env` stands in the URL after a `&`. */
export const readWithJava = (
  mode: string, env?: NodeJS.ProcessEnv, user: string = APP.user,
): Client['read'] => async (port, sql) =>
  report('java', ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-cp', `${await javaClasses()}:${JDBC}`,
    'Read', mode, ...target(port, sql, user)], env);

const readWithPython = (driver: string, mode: string, env?: NodeJS.ProcessEnv): Client['read'] => (port, sql) =>
  report(PYTHON, [join(PROGRAMS, 'read.py'), driver, mode, ...target(port, sql)], env);

const readWithConnectorC: Client['read'] = (port, sql) =>
  report(PYTHON, [join(PROGRAMS, 'cursor.py'), ...target(port, sql)]);

const readWithPhp = (mode: string, env?: NodeJS.ProcessEnv): Client['read'] => (port, sql) =>
  report('php', [join(PROGRAMS, 'read.php'), mode, ...target(port, sql)], env);

const readWithPerl = (mode: string): Client['read'] => (port, sql) =>
  report('perl', [join(PROGRAMS, 'read.pl'), mode, ...target(port, sql)]);

/** Options with which sysbench connects as `app` to `port`. */
export const sysbenchOptions = (port: number): string[] => [
  '--db-driver=mysql', '--mysql-host=127.0.0.1', `--mysql-port=${port}`, `--mysql-user=${APP.user}`,
  `--mysql-password=${APP.password}`, `--mysql-db=${APP.schema}`,
];

/** The number in sysbench's report after `name`, as in "    ignored errors:   0      (0.00 per sec.)". */
export const sysbenchFigure = (report: string, name: string): number => {
  const found = new RegExp(`^\\s*${name}:\\s+(\\d+)`, 'm').exec(report);
  if (!found) throw new Error(`sysbench reported no ${name}:\n${report}`);
  return Number(found[1]);
};

const readWithSysbench: Client['read'] = (port, sql) =>
  report('sysbench', [join(PROGRAMS, 'read.lua'), ...sysbenchOptions(port), '--db-ps-mode=disable',
    '--events=1', '--time=0', 'run'], { READ_SQL: sql });

/**
 * Starts pause.py. It prints "first" after the first row, and waits for a line of input. Then it reads the rest, and
 * prints how much that was.
 */
export const startPausingReader = (
  t: Test, port: number, sql: string, env?: NodeJS.ProcessEnv,
): ChildProcessWithoutNullStreams => {
  const reader = spawn(PYTHON, [join(PROGRAMS, 'pause.py'), ...target(port, sql)], { env: { ...process.env, ...env } });
  reader.stderr.pipe(process.stderr);
  t.teardown(() => reader.kill('SIGKILL'));
  return reader;
};

const client = (
  name: string, reads: Client['reads'], protocol: Client['protocol'], read: Client['read'],
): Client => ({ name, reads, protocol, read });

export const CLIENTS: readonly Client[] = [
  client('mariadb', 'buffered', 'text', readWithCommandLine('mariadb')),
  client('mariadb --quick', 'streaming', 'text', readWithCommandLine('mariadb', '--quick')),
  client('mysql', 'buffered', 'text', readWithCommandLine('mysql')),
  client('mysql --quick', 'streaming', 'text', readWithCommandLine('mysql', '--quick')),
  client('MySQLdb', 'buffered', 'text', readWithPython('mysqldb', 'buffered')),
  client('MySQLdb SSCursor', 'streaming', 'text', readWithPython('mysqldb', 'streaming')),
  client('PyMySQL', 'buffered', 'text', readWithPython('pymysql', 'buffered')),
  client('PyMySQL SSCursor', 'streaming', 'text', readWithPython('pymysql', 'streaming')),
  client('PHP mysqli', 'buffered', 'text', readWithPhp('buffered')),
  client('PHP mysqli use_result', 'streaming', 'text', readWithPhp('streaming')),
  client('PHP mysqli prepared', 'buffered', 'binary', readWithPhp('prepared-buffered')),
  client('PHP mysqli prepared, unbuffered', 'streaming', 'binary', readWithPhp('prepared-streaming')),
  {
    ...client('PHP mysqli with a server cursor', 'streaming', 'cursor', readWithPhp('prepared-cursor')),
    losesError: true,
  },
  client('MariaDB Connector/C with a server cursor', 'streaming', 'cursor', readWithConnectorC),
  client('Perl DBD::mysql', 'buffered', 'text', readWithPerl('buffered')),
  client('Perl DBD::mysql use_result', 'streaming', 'text', readWithPerl('streaming')),
  client('Perl DBD::mysql prepared', 'buffered', 'binary', readWithPerl('prepared-buffered')),
  client('Java Connector/J', 'buffered', 'text', readWithJava('buffered')),
  client('Java Connector/J streaming', 'streaming', 'text', readWithJava('streaming')),
  client('Java Connector/J prepared', 'buffered', 'binary', readWithJava('prepared-buffered')),
  client('Java Connector/J prepared, streaming', 'streaming', 'binary', readWithJava('prepared-streaming')),
  client('sysbench', 'buffered', 'text', readWithSysbench),
];

/** Makes the programs of this folder compress their connections. */
export const COMPRESSED: NodeJS.ProcessEnv = { READ_COMPRESSED: '1' };

/** The flag with which each vendor's command line compresses its connection. */
export const COMPRESS_FLAG = { mariadb: '--compress', mysql: '--compression-algorithms=zlib' } as const;

/** Clients of every implementation that can compress, doing so. */
export const COMPRESSED_CLIENTS: readonly Client[] = [
  client('mariadb', 'buffered', 'text', readWithCommandLine('mariadb', COMPRESS_FLAG.mariadb)),
  client('mariadb --quick', 'streaming', 'text', readWithCommandLine('mariadb', '--quick', COMPRESS_FLAG.mariadb)),
  client('mysql', 'buffered', 'text', readWithCommandLine('mysql', COMPRESS_FLAG.mysql)),
  client('mysql --quick', 'streaming', 'text', readWithCommandLine('mysql', '--quick', COMPRESS_FLAG.mysql)),
  client('MySQLdb', 'buffered', 'text', readWithPython('mysqldb', 'buffered', COMPRESSED)),
  client('MySQLdb SSCursor', 'streaming', 'text', readWithPython('mysqldb', 'streaming', COMPRESSED)),
  client('PHP mysqli', 'buffered', 'text', readWithPhp('buffered', COMPRESSED)),
  client('PHP mysqli use_result', 'streaming', 'text', readWithPhp('streaming', COMPRESSED)),
  client('PHP mysqli prepared', 'buffered', 'binary', readWithPhp('prepared-buffered', COMPRESSED)),
  client('Java Connector/J', 'buffered', 'text', readWithJava('buffered', COMPRESSED)),
  client('Java Connector/J streaming', 'streaming', 'text', readWithJava('streaming', COMPRESSED)),
  client('Java Connector/J prepared', 'buffered', 'binary', readWithJava('prepared-buffered', COMPRESSED)),
  client('Java Connector/J prepared, streaming', 'streaming', 'binary', readWithJava('prepared-streaming', COMPRESSED)),
];
