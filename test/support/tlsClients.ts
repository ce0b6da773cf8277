import type { Test } from 'tap';
import { commandLine, readWithJava } from './clients.js';
import type { ServerKind } from './servers.js';
import { startSession } from './session.js';

// Programs that connect as a given user, encrypted or in clear, run one statement, then SELECT 42.

export interface Outcome {
  /** The error of the statement or the connection; null when there was none. */
  readonly code: number | null;
  readonly message: string;
  /** Whether the connection served SELECT 42 afterwards. */
  readonly goesOn: boolean;
}

export interface TlsClient {
  readonly name: string;
  /** The authentication plugins of the program. */
  readonly plugins: readonly string[];
  /**
   * Runs the program.
   * @param ca the certificate authority of the server; null for a connection in clear
   */
  read(t: Test, port: number, user: string, ca: string | null, sql: string): Promise<Outcome>;
}

const COMMON = ['mysql_native_password', 'caching_sha2_password', 'sha256_password'];

const flagsOf = (vendor: ServerKind, ca: string | null): string[] => {
  if (vendor === 'mysql') return ca === null ? ['--ssl-mode=DISABLED'] : ['--ssl-mode=VERIFY_CA', `--ssl-ca=${ca}`];
  return ca === null ? ['--skip-ssl'] : ['--ssl', `--ssl-ca=${ca}`, '--ssl-verify-server-cert'];
};

const withCommandLine = (vendor: ServerKind): TlsClient['read'] => async (_, port, user, ca, sql) => {
  const flags = [`--user=${user}`, '--skip-reconnect', ...flagsOf(vendor, ca)];
  const { rows, errors, stderr } = await commandLine(vendor, port, `${sql};\nSELECT 42;\n`, flags);
  return { code: errors[0]?.code ?? null, message: stderr, goesOn: rows.at(-1)?.[0] === '42' };
};

const withPython = (driver: 'mysqldb' | 'pymysql'): TlsClient['read'] => async (t, port, user, ca, sql) => {
  const inClear = driver === 'pymysql' ? { ssl_disabled: true } : {};
  const session = await startSession(
    t, port, { driver, connect: { user, ...(ca === null ? inClear : { ssl: { ca } }) } },
  );
  const seen = await session.run(sql);
  const after = await session.run('SELECT 42');
  await session.close();
  return { code: seen.error?.code ?? null, message: seen.error?.message ?? '', goesOn: after.sum === 42 };
};

const withJava: TlsClient['read'] = async (_, port, user, ca, sql) => {
  const options = ca === null ? 'sslMode=disable' : `sslMode=verify-ca&serverSslCert=${ca}`;
  const { error, after } = await readWithJava('buffered', { READ_OPTIONS: options }, user)(port, sql);
  return { code: error?.code ?? null, message: error?.message ?? '', goesOn: after?.answer === 42 };
};

export const TLS_CLIENTS: readonly TlsClient[] = [
  { name: 'mariadb', plugins: [...COMMON, 'ed25519'], read: withCommandLine('mariadb') },
  { name: 'mysql', plugins: COMMON, read: withCommandLine('mysql') },
  { name: 'PyMySQL', plugins: COMMON, read: withPython('pymysql') },
  { name: 'MySQLdb', plugins: [...COMMON, 'ed25519'], read: withPython('mysqldb') },
  { name: 'Java Connector/J', plugins: [...COMMON, 'ed25519'], read: withJava },
];
