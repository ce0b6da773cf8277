import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import type { ClientError } from './clients.js';
import { spawned } from './guard.js';
import { APP } from './seed.js';

// A connection of a real driver that runs one step after another, as a test goes on.

const PROGRAM = fileURLToPath(new URL('programs/session.py', import.meta.url));

/** A program's view of one statement's response. */
export interface Seen {
  readonly rows: number;
  /** Sum of the rows' first columns. */
  readonly sum: number;
  /** The last row, each field as text; null if there was none. */
  readonly last: readonly string[] | null;
  readonly results: number;
  /** The count in the last packet. */
  readonly warnings: number;
  readonly error: ClientError | null;
}

export interface ClientSession {
  /** Runs a statement with the driver's default cursor. */
  run(sql: string): Promise<Seen>;
  /** Runs a statement with the driver's streaming cursor, as fast as it can. */
  stream(sql: string): Promise<Seen>;
  /** Begins to stream a statement: reads `rows` rows, with a pause after each. */
  begin(sql: string, rows: number, pauseSeconds: number): Promise<Seen>;
  /** Reads the rest of the stream as fast as it can. */
  rest(): Promise<Seen>;
  /** Makes another schema the default (COM_INIT_DB). */
  useSchema(name: string): Promise<Seen>;
  /** Logs in again on the same connection (COM_CHANGE_USER); MySQLdb only. */
  changeUser(user: string, password: string, schema: string): Promise<Seen>;
  close(): Promise<Seen>;
}

export interface SessionOptions {
  readonly driver?: 'mysqldb' | 'pymysql';
  /** Further arguments of the driver's connect(), or replacements of those for `app`. */
  readonly connect?: object;
}

/** Connects a driver as `app` to a port of 127.0.0.1; it ends with `t`. */
export const startSession = async (
  t: Test, port: number, options: SessionOptions = {},
): Promise<ClientSession> => {
  const { driver = 'mysqldb', connect = {} } = options;
  const { user, password, schema } = APP;
  const target = { host: '127.0.0.1', port, user, password, database: schema, ...connect };
  const child = spawn('/usr/bin/python3', [PROGRAM, driver, JSON.stringify(target)]);
  t.teardown(() => child.kill('SIGKILL'));
  await spawned(child);
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text));
  child.stdin.on('error', () => undefined); // a write after its end; its own error says why it ended
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (...line: readonly unknown[]): Promise<Seen> => {
    child.stdin.write(`${JSON.stringify(line)}\n`);
    const { value, done } = await answers.next();
    if (done === true) throw new Error(`session.py ended at ${JSON.stringify(line)}:\n${complaint}`);
    return JSON.parse(value) as Seen;
  };
  return {
    run: (sql) => ask('run', sql),
    stream: (sql) => ask('stream', sql),
    begin: (sql, rows, pauseSeconds) => ask('begin', sql, rows, pauseSeconds),
    rest: () => ask('rest'),
    useSchema: (name) => ask('schema', name),
    changeUser: (...identity) => ask('user', ...identity),
    close: () => ask('close'),
  };
};
