import { access, mkdtemp, rename, rm } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run, runOk } from './run.js';
import { APP } from './seed.js';
import { mysql9Program, type ServerKind } from './servers.js';

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

/** Options with which each command line connects as `app` to `port`. */
export const connectOptions = (program: 'mariadb' | 'mysql', port: number): string[] => [
  '--no-defaults', '--protocol=tcp', '--host=127.0.0.1', `--port=${port}`, `--user=${APP.user}`,
  `--password=${APP.password}`,
  // Without TLS the password travels encrypted with the server's key; MySQL's programs want to be asked for that.
  ...(program === 'mysql' ? ['--get-server-public-key'] : []),
];

/** Reads with a command line: rows before the last line of output, the last being the SELECT 42. */
const readWithCommandLine = (kind: ServerKind, flags: readonly string[]): Client['read'] => async (port, sql) => {
  const program = kind === 'mariadb' ? 'mariadb' : mysql9Program('mysql');
  const { stdout, stderr } = await run(program, [...connectOptions(kind, port), '--batch', '--skip-column-names',
    // Goes on after an error; a lost connection would be opened again, which the connection's id shows.
    '--force', ...flags, APP.schema], { input: `${sql};\nSELECT 42, CONNECTION_ID();\n` });
  const lines = stdout.split('\n').slice(0, -1);
  const last = lines.at(-1)?.split('\t');
  const isAnswer = last?.length === 2 && last[0] === '42';
  const rows = isAnswer ? lines.slice(0, -1) : lines;
  const error = /^ERROR (\d+) \((\w+)\)(?: at line \d+)?: (.*)$/m.exec(stderr);
  return {
    rows: rows.length,
    sum: rows.reduce((sum, row) => sum + Number.parseInt(row, 10), 0),
    error: error ? { code: Number(error[1]), sqlState: error[2] ?? null, message: error[3] ?? '' } : null,
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
  { name: 'PHP mysqli with a server cursor', reads: 'streaming', protocol: 'cursor',
    read: readWithPhp('prepared-cursor') },
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
