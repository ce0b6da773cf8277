import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { freePort } from './freePort.js';
import { guard, type Lifetime, spawned } from './guard.js';
import { askAsRoot } from './rootConnection.js';
import { runOk } from './run.js';
import { SEED_SQL } from './seed.js';

// Private database servers, each with its own data folder, socket and port on loopback; it is deleted with its test.
// The initialised and seeded data folder of a stopped server is kept as a template, so that a start copies some 100 MB
// and takes a second.

export type ServerKind = 'mariadb' | 'mysql';
export const SERVER_KINDS: readonly ServerKind[] = ['mariadb', 'mysql'];

export const isServerKind = (text: unknown): text is ServerKind => SERVER_KINDS.some((kind) => kind === text);

/** The place of a server that another process has started. */
export interface LentServer {
  readonly pid: number;
  readonly port: number;
  readonly socket: string;
}

export interface Server extends LentServer {
  readonly kind: ServerKind;
  /** Runs statements as root over the socket. Returns the rows of all results, each a list of its fields as text. */
  sql(statements: string): Promise<string[][]>;
  /** Ends the server at once and deletes its data; the end of a test does the same. */
  stop(): Promise<void>;
}

const MYSQL9_FOLDER = process.env['SLUICE_MYSQL9'] ?? '/opt/mysql9';
const TEMPLATES = fileURLToPath(new URL('../../node_modules/.cache/sluice-test', import.meta.url));
// Both servers refuse to run as root unless told to.
const AS_ROOT = process.getuid?.() === 0 ? ['--user=root'] : [];

/** Path of a program of MySQL 9 (`mysql`, `mysqldump`, `mysqld`, `mysqladmin`). */
export const mysql9Program = (name: string): string => join(MYSQL9_FOLDER, 'bin', name);

// MySQL 9's clients load a plugin for mysql_native_password, MariaDB's usual one: from Debian's folder, or from that
// of MySQL's own archive.
const MYSQL9_PLUGINS = ['root/usr/lib/mysql/plugin', 'lib/plugin'].map((path) => join(MYSQL9_FOLDER, path));

/** The environment in which MySQL 9's client programs find their plugins. */
export const MYSQL9_ENV: NodeJS.ProcessEnv = {
  ...process.env,
  LIBMYSQL_PLUGIN_DIR: MYSQL9_PLUGINS.find((path) => existsSync(path)),
};

/** The path of the command line for a kind of server. */
export const commandLineOf = (kind: ServerKind): string =>
  kind === 'mariadb' ? 'mariadb' : mysql9Program('mysql');

// Debian keeps the server outside an ordinary user's PATH. At its start MariaDB deletes the files of temporary tables
// in the folder for these, also those of other servers, so each server has a folder of its own.
const serverEnv = (folder: string): NodeJS.ProcessEnv => ({
  ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin`, TMPDIR: folder,
});

interface Programs {
  readonly server: string;
  readonly options: readonly string[];
  /** A small redo log, so that a template is quick to copy; a start enlarges it again. */
  readonly templateOptions: readonly string[];
}

const PROGRAMS: Record<ServerKind, Programs> = {
  mariadb: {
    server: 'mariadbd',
    options: ['--innodb-log-file-size=96M', '--plugin-load-add=auth_ed25519'],
    templateOptions: ['--innodb-log-file-size=8M', '--skip-log-bin'],
  },
  mysql: {
    server: mysql9Program('mysqld'),
    options: ['--innodb-redo-log-capacity=256M', '--mysqlx=OFF', '--performance-schema=OFF'],
    templateOptions: ['--innodb-redo-log-capacity=8M', '--skip-log-bin'],
  },
};

// Without durability, since the data is thrown away. The binary log is there for its readers, not for recovery.
const COMMON_OPTIONS = [
  '--bind-address=127.0.0.1', '--skip-name-resolve', '--local-infile=1', '--max-allowed-packet=1G',
  '--max-connections=1000', '--log-bin=binlog', '--server-id=1', '--sync-binlog=0', '--innodb-doublewrite=0',
  '--innodb-flush-log-at-trx-commit=0', '--innodb-buffer-pool-size=256M', '--character-set-server=utf8mb4',
];

const initialise = async (kind: ServerKind, folder: string): Promise<void> => {
  const data = join(folder, 'data');
  const env = serverEnv(folder);
  if (kind === 'mariadb') {
    await runOk('mariadb-install-db', ['--no-defaults', ...AS_ROOT, `--datadir=${data}`, '--skip-test-db',
      '--auth-root-authentication-method=normal', '--innodb-log-file-size=4M'], { env });
  } else {
    await runOk(PROGRAMS.mysql.server, ['--no-defaults', ...AS_ROOT, `--datadir=${data}`,
      '--initialize-insecure', '--innodb-redo-log-capacity=8M'], { env });
  }
};

/** Resolves when the server is ready; rejects with its output if it ends before. */
const ready = (child: ChildProcess): Promise<void> =>
  new Promise((resolve, reject) => {
    let said = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      if (said.includes('ready for connections')) return; // the pipe is only emptied afterwards
      said += text;
      if (said.includes('ready for connections')) resolve();
    });
    child.on('error', reject);
    child.on('exit', (code) => reject(new Error(`the server ended with ${code} at its start:\n${said}`)));
  });

/**
 * The options of a command line, without each option that a later one switches off: MySQL takes `--skip-name-resolve=0`
 * for a yes.
 */
const optionsOf = (kind: ServerKind, extra: readonly string[]): string[] => {
  const all = [...COMMON_OPTIONS, ...PROGRAMS[kind].options, ...extra];
  const isSwitchedOff = (option: string): boolean => all.includes(option) && all.includes(`${option}=0`);
  return all.filter((option) => !isSwitchedOff(option) && !isSwitchedOff(option.replace(/=0$/, '')));
};

interface Launched extends Server {
  /** Resolves when the server's process has ended. */
  readonly ended: Promise<unknown>;
}

const launch = async (
  kind: ServerKind, folder: string, extra: readonly string[], within: readonly string[] = [],
): Promise<Launched> => {
  const socket = join(folder, 'server.sock');
  const port = await freePort();
  const args = ['--no-defaults', ...AS_ROOT, `--datadir=${join(folder, 'data')}`, `--socket=${socket}`,
    `--port=${port}`, `--pid-file=${join(folder, 'server.pid')}`, ...optionsOf(kind, extra)];
  const options: SpawnOptions = { stdio: ['ignore', 'ignore', 'pipe'], env: serverEnv(folder) };
  const child = within.length === 0
    ? spawn(PROGRAMS[kind].server, args, options)
    : spawn('env', [...within, PROGRAMS[kind].server, ...args], options);
  const pid = await spawned(child);
  const callOff = guard(pid, folder);
  const ended = once(child, 'exit').finally(callOff);
  await ready(child);
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  return { kind, pid, port, socket, sql: (statements) => sqlOver(kind, socket, statements), stop, ended };
};

/** Runs statements as root, as `Server.sql` does. Only the vendor's program knows DELIMITER. */
const sqlOver = async (kind: ServerKind, socket: string, statements: string): Promise<string[][]> => {
  if (!statements.includes('DELIMITER')) return askAsRoot(socket, statements);
  const out = await runOk(commandLineOf(kind), ['--no-defaults', '-uroot', `--socket=${socket}`, '--batch',
    '--skip-column-names'], { input: statements });
  return out.split('\n').slice(0, -1).map((line) => line.split('\t'));
};

/** Starts a server, several times if need be: another program may take the free port in between. */
const start = async (
  kind: ServerKind, folder: string, extra: readonly string[], within: readonly string[] = [],
): Promise<Launched> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await launch(kind, folder, extra, within);
    } catch (error) {
      if (attempt === 3) throw error;
    }
  }
};

const versionOf = (kind: ServerKind): Promise<string> =>
  runOk(PROGRAMS[kind].server, ['--no-defaults', '--version'], { env: serverEnv(tmpdir()) });

const templates = new Map<ServerKind, Promise<string>>();

/** The data folder of a stopped, seeded server; made once for each version and seed. */
const template = (kind: ServerKind): Promise<string> => {
  const made = templates.get(kind) ?? makeTemplate(kind);
  templates.set(kind, made);
  return made;
};

const makeTemplate = async (kind: ServerKind): Promise<string> => {
  const key = createHash('sha256').update(await versionOf(kind)).update(SEED_SQL).digest('hex').slice(0, 12);
  const path = join(TEMPLATES, `${kind}-${key}`);
  const isThere = await access(path).then(() => true, () => false);
  if (isThere) return path;
  const folder = await mkdtemp(join(tmpdir(), `sluice-${kind}-template-`));
  await initialise(kind, folder);
  const server = await start(kind, folder, PROGRAMS[kind].templateOptions);
  await server.sql(SEED_SQL);
  // A slow shutdown leaves no work for the starts of the copies.
  await server.sql('SET GLOBAL innodb_fast_shutdown = 0; SHUTDOWN;');
  await server.ended;
  // Renamed when complete, so that nobody sees a half template. When two processes make one, the first one stays.
  const whole = `${path}.${process.pid}`;
  await mkdir(TEMPLATES, { recursive: true });
  await runOk('cp', ['-a', join(folder, 'data'), whole]);
  await rm(folder, { recursive: true, force: true });
  await rename(whole, path).catch(() => rm(whole, { recursive: true, force: true }));
  return path;
};

/** The socket of the pool that lends servers (test/setup/serverPool.ts), in a run of all tests. */
const POOL = process.env['SLUICE_TEST_SERVERS'];

/** Borrows a server from the pool until the end of `t`. */
const borrow = async (t: Lifetime, kind: ServerKind, pool: string): Promise<Server> => {
  const lender = connect(pool);
  t.teardown(() => lender.destroy());
  lender.write(`${kind}\n`);
  const [line]: unknown[] = await once(createInterface({ input: lender }), 'line');
  const lent = JSON.parse(String(line)) as LentServer | { readonly error: string };
  if ('error' in lent) throw new Error(lent.error);
  const { pid, port, socket } = lent;
  return {
    kind, pid, port, socket, sql: (statements) => sqlOver(kind, socket, statements),
    stop: async () => {
      lender.write('stop\n');
      await once(lender, 'close');
    },
  };
};

/**
 * Starts a private, seeded server with further `options` of its command line; it ends with `t`. One without options may
 * have served other tests before: then it is as it was at its start, but for its counts.
 * @param within a command that runs the given command elsewhere, such as `nsenter --net=FILE`
 */
export const startServer = async (
  t: Lifetime, kind: ServerKind, options: readonly string[] = [], within: readonly string[] = [],
): Promise<Server> => {
  if (POOL !== undefined && options.length === 0 && within.length === 0) return borrow(t, kind, POOL);
  const folder = await mkdtemp(join(tmpdir(), `sluice-${kind}-`));
  await runOk('cp', ['-a', '--reflink=auto', await template(kind), join(folder, 'data')]);
  const server = await start(kind, folder, options, within);
  t.teardown(() => server.stop());
  return server;
};
