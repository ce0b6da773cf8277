import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Client, type ClientReport, report } from './clients.js';
import { run, runOk, type RunResult } from './run.js';
import { APP } from './seed.js';

// The drivers that test/clients pins, with one interface. The set-up installs them. A machine without the tools of a
// language has no drivers for it.

export const LANGUAGES = ['collector', 'go', 'java', 'mcp', 'node', 'python', 'rust'] as const;
export type Language = (typeof LANGUAGES)[number];

/** A driver's way of reading a statement. */
export interface Reading {
  /** The host in place of 127.0.0.1, or the path of a Unix socket, which begins with a slash. */
  readonly host?: string;
  /** Milliseconds of work on each row: a sleep, or busy below one. */
  readonly workMs?: number;
  /** Rows after which the program stops reading. */
  readonly stopAfter?: number;
  /** Further options of the connection, in the driver's own words. */
  readonly options?: Readonly<Record<string, string | boolean>>;
  /** The command that starts the program, such as `nsenter --net=FILE`. */
  readonly startedBy?: readonly string[];
}

export interface DriverReport extends ClientReport {
  /** From the first row in the program's hands to the last. */
  readonly seconds: number;
  /** From the statement to the last row. */
  readonly statementSeconds: number;
  readonly connectMs: number;
}

export interface Driver extends Client {
  readonly language: Language;
  /** Whether the driver can connect to a Unix socket. */
  readonly hasSockets: boolean;
  read(port: number, sql: string, reading?: Reading): Promise<DriverReport>;
}

const TEST = fileURLToPath(new URL('..', import.meta.url));
const CLIENT_FOLDER = join(TEST, 'setup/client-folder');
const folders = new Map<Language, string>();

/** The folder of a language's drivers, if the set-up installed them. */
export const folderOf = (language: Language): string => {
  const folder = folders.get(language)
    ?? execFileSync('/bin/sh', ['-c', '"$0" "$1"', CLIENT_FOLDER, language], { encoding: 'utf8' }).trim();
  folders.set(language, folder);
  return folder;
};

/** Runs Python with the packages that test/clients pins. */
export const runPython = (args: readonly string[]): Promise<RunResult> =>
  run('env', [join(folderOf('python'), 'bin/python'), ...args]);

/** The reason why this machine cannot run a driver; false if it can. In CI every driver has to be there. */
export const isMissing = ({ language }: Pick<Driver, 'language'>): string | false => {
  if (existsSync(folderOf(language))) return false;
  const reason = `the drivers of ${language} are not installed (test/setup/install says why)`;
  if (process.env['CI'] === 'true') throw new Error(reason);
  return reason;
};

/** A program, and its arguments before those that all programs share. */
type Command = () => readonly string[];

interface Kind {
  readonly language: Language;
  readonly command: Command;
  /** The program's name for the driver. */
  readonly driver: string;
  readonly hasSockets?: boolean;
}

const java = (main: string, module: string): Command => () => {
  const folder = folderOf('java');
  return ['java', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-cp',
    `${join(folder, 'classes')}:${join(folder, module)}/*`, main];
};

const python = (program: string): Command => () =>
  [join(folderOf('python'), 'bin/python'), '-B', join(TEST, 'clients/python', `${program}.py`)];

const go: Command = () => [join(folderOf('go'), 'read')];

const rust: Command = () => [join(folderOf('rust'), 'read')];

const node = (program: string): Command => () =>
  ['env', `NODE_PATH=${join(folderOf('node'), 'node_modules')}`, process.execPath,
    join(TEST, 'clients/node', `${program}.cjs`)];

/** `options` as the program of a language reads them: Java and Go as in a URL, the others as JSON. */
const optionsFor = (language: Language, options: Reading['options'] = {}): string =>
  language === 'java' || language === 'go'
    ? Object.entries(options).map(([name, value]) => `${name}=${value}`).join('&')
    : JSON.stringify(options);

const driver = (name: string, kind: Kind, mode: string, protocol: Client['protocol'] = 'text'): Driver => ({
  name, language: kind.language, hasSockets: kind.hasSockets ?? true, protocol,
  reads: mode.endsWith('streaming') ? 'streaming' : 'buffered',
  read: async (port, sql, { host = '127.0.0.1', workMs = 0, stopAfter = 0, options, startedBy = [] } = {}) => {
    const args = [kind.driver, mode, host, String(port), APP.user, APP.password, APP.schema, sql, String(workMs),
      String(stopAfter)];
    return await report('env', [...startedBy, ...kind.command(), ...args],
      { READ_OPTIONS: optionsFor(kind.language, options) }) as DriverReport;
  },
});

const jdbc = (module: string): Kind => ({
  language: 'java', command: java('ReadJdbc', module), driver: module, hasSockets: module.startsWith('mariadb'),
});
const r2dbc = (name: string): Kind => ({ language: 'java', command: java('ReadR2dbc', 'r2dbc'), driver: name });
const pooled: Kind = {
  language: 'java', command: java('ReadPooled', 'hikari'), driver: 'mysql', hasSockets: false,
};
const vertx: Kind = { language: 'java', command: java('ReadVertx', 'vertx'), driver: 'vertx' };
/** Debian's driver. PyPI has no wheel of it, and every machine that runs the tests has Debian's package. */
const mysqldb: Kind = {
  language: 'python', driver: 'mysqldb',
  command: () => ['/usr/bin/python3', '-B', join(TEST, 'clients/python/read.py')],
};
const goSql: Kind = { language: 'go', command: go, driver: 'mysql' };
const inNode = (name: string): Kind => ({ language: 'node', command: node('read'), driver: name });
const inRust = (name: string): Kind => ({ language: 'rust', command: rust, driver: name });
const inPython = (name: string): Kind => ({ language: 'python', command: python('read'), driver: name });

const bothWays = (name: string, kind: Kind): Driver[] => [
  driver(name, kind, 'buffered'), driver(`${name}, streaming`, kind, 'streaming'),
];

/** This driver waits forever after an error in the middle of a result, so Sluice has to close its connection there. */
export const PURE_PREPARED = driver(
  'Connector/Python, pure, prepared', inPython('connector-pure'), 'prepared-buffered', 'binary',
);

/** Every driver except `PURE_PREPARED`, in each of its ways to read. */
export const DRIVERS: readonly Driver[] = [
  ...bothWays('MySQL Connector/J 9.7', jdbc('mysql-9.7')),
  ...bothWays('MySQL Connector/J 26.10', jdbc('mysql-26.10')),
  ...bothWays('MariaDB Connector/J 3.5', jdbc('mariadb-3.5')),
  ...bothWays('MariaDB Connector/J 4.0', jdbc('mariadb-4.0')),
  ...bothWays('HikariCP', pooled),
  ...bothWays('r2dbc-mysql', r2dbc('mysql')),
  ...bothWays('r2dbc-mariadb', r2dbc('mariadb')),
  driver('Vert.x', vertx, 'buffered'),
  driver('Vert.x, streaming', vertx, 'streaming', 'cursor'),
  ...bothWays('Connector/Python', inPython('connector')),
  ...bothWays('Connector/Python, pure', inPython('connector-pure')),
  driver('Connector/Python, prepared', inPython('connector'), 'prepared-buffered', 'binary'),
  driver('Connector/Python, prepared, streaming', inPython('connector'), 'prepared-streaming', 'binary'),
  ...bothWays('MySQLdb', mysqldb),
  ...bothWays('PyMySQL 1.2', inPython('pymysql')),
  ...bothWays('aiomysql', inPython('aiomysql')),
  ...bothWays('asyncmy', inPython('asyncmy')),
  ...bothWays('SQLAlchemy', inPython('sqlalchemy')),
  ...bothWays('pandas', inPython('pandas')),
  ...bothWays('Django', inPython('django')),
  ...bothWays('go-sql-driver', goSql),
  driver('go-sql-driver, prepared, streaming', goSql, 'prepared-streaming', 'binary'),
  ...bothWays('mysql2', inNode('mysql2')),
  driver('mysql2, prepared, streaming', inNode('mysql2'), 'prepared-streaming', 'binary'),
  ...bothWays('mariadb for Node', inNode('mariadb')),
];

/** A pool of connections. */
export interface Pool {
  readonly name: string;
  readonly language: Language;
  /** Runs statements over the pool. */
  run(port: number, statements: readonly string[]): Promise<PoolReport>;
}

export interface PoolReport {
  /** The ids of all its connections. */
  readonly before: readonly number[];
  readonly after: readonly number[];
  /** The number of each statement's error; null if there was none. */
  readonly errors: readonly (number | null)[];
}

const pool = (name: string, language: Language, program: Command, kind: string): Pool => ({
  name, language,
  run: async (port, statements) => {
    const args = [kind, '127.0.0.1', String(port), APP.user, APP.password, APP.schema, ...statements];
    return JSON.parse(await runOk('env', [...program(), ...args])) as PoolReport;
  },
});

/** The pools that the drivers bring. */
export const POOLS: readonly Pool[] = [
  pool("mysql2's pool", 'node', node('pool'), 'mysql2'),
  pool("mysql2's pool, prepared", 'node', node('pool'), 'mysql2 prepared'),
  pool("mariadb's pool for Node", 'node', node('pool'), 'mariadb'),
  pool("Connector/Python's pool", 'python', python('pool'), 'connector'),
  pool("SQLAlchemy's QueuePool", 'python', python('pool'), 'sqlalchemy'),
  pool("Django's persistent connection", 'python', python('pool'), 'django'),
];

/** These take minutes to build: only `npm run proof` uses them. */
export const DRIVERS_OF_PROOFS: readonly Driver[] = [
  ...DRIVERS, ...bothWays('mysql for Rust', inRust('mysql')), ...bothWays('mysql_async', inRust('mysql_async')),
  ...bothWays('sqlx', inRust('sqlx')),
];
