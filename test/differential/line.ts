import type { Part } from '../support/answerReader.js';
import { fetch, prepare, CURSOR_READ_ONLY, execute as executeBare, reset } from '../support/commandPayloads.js';
import { type BoundParameter, executePayload } from '../support/executePacket.js';
import type { ServerKind } from '../support/servers.js';
import type { AskOptions, WireClient } from '../support/wireClient.js';
import { Capability } from '../../src/protocol/capabilities.js';
import { Command } from '../../src/protocol/commands.js';
import { Status } from '../../src/protocol/status.js';

/** The protocol of a statement and of its rows. */
export type Way = 'text' | 'binary' | 'cursor';
export const WAYS: readonly Way[] = ['text', 'binary', 'cursor'];

/** One thing to send to a server and to compare. */
export interface Line {
  readonly title: string;
  /** The ways in which it is sent; only the first is used when the way does not matter. */
  readonly ways: readonly Way[];
  /** Whether the contents differ between any two connections; then only the shape is compared. */
  readonly isVolatile?: true;
  play(client: WireClient, way: Way): Promise<Part[]>;
}

/** Lines that one connection sends one after the other. */
export interface Group {
  readonly name: string;
  /** The kind of server that understands the group; both kinds if left out. */
  readonly server?: ServerKind;
  /** The group is sent only if all these capabilities are in effect. */
  readonly needs?: bigint;
  /** The group is not sent if one of these capabilities is in effect. */
  readonly without?: bigint;
  /** The group takes long, and runs only in variants that bring something new to it. */
  readonly isLarge?: true;
  /** SQL that prepares each server once. */
  readonly once?: readonly string[];
  /** SQL that runs before each run of the group, to restore what the group changes. */
  readonly setup?: readonly string[];
  /** The user, if it is not the usual one. */
  readonly login?: { readonly user: string; readonly password: string };
  /** The proxy cannot follow the group, and logs that. */
  readonly isUnparsed?: true;
  readonly lines: readonly Line[];
}

const TITLE_CHARACTERS = 100;
const titled = (title: string, play: Line['play'], ways: readonly Way[] = ['text']): Line =>
  ({ title: title.slice(0, TITLE_CHARACTERS), ways, play });

/** One or more statements as a COM_QUERY. */
export const query = (sql: string, options?: AskOptions): Line =>
  titled(sql, (client) => client.ask([client.query(sql)], options));

/** A single statement, sent as text, prepared, and prepared with a cursor. */
export const statement = (sql: string): Line => titled(sql, (client, way) => {
  if (way === 'text') return client.ask([client.query(sql)]);
  return client.withStatement(sql, (id) => (way === 'binary' ? client.ask([executeBare(id)]) : fetchAll(client, id)));
}, WAYS);

/** A line that is sent in some ways only. */
export const inWays = (line: Line, ...ways: Way[]): Line => ({ ...line, ways });

/** The contents differ on every connection; only the shape is compared. */
export const volatile = (line: Line): Line => ({ ...line, isVolatile: true });

/** A line after whose answer the server closes. */
export const last = (line: Line): Line => ({
  ...line,
  play: async (client, way) => {
    const parts = await line.play(client, way);
    await client.transport.serverEnd();
    return [...parts, { is: 'closed' }];
  },
});

/** A command with this byte. */
export const command = (title: string, code: number, rest: Buffer | string = '', options?: AskOptions): Line =>
  titled(title, (client) => client.ask([Buffer.concat([Buffer.from([code]), Buffer.from(rest)])], options));

/** Commands in one write. They may use the number of statements prepared so far. */
export const together = (title: string, commands: (client: WireClient) => readonly Buffer[]): Line =>
  titled(title, (client) => client.ask(commands(client)));

/** A line that a function sends. */
export const script = (title: string, play: (client: WireClient) => Promise<Part[]>): Line => titled(title, play);

/** An EXECUTE with parameters, in the form of the capabilities in effect. */
export const execute = (
  client: WireClient, id: number, parameters: readonly BoundParameter[], flags = 0, withoutTypes = false,
): Buffer => {
  if (parameters.length === 0) return executeBare(id, flags);
  const hasQueryAttributes = client.has(Capability.QUERY_ATTRIBUTES);
  const payload = executePayload(parameters, { statementId: id, hasQueryAttributes, withoutTypes });
  payload[5]! |= flags;
  return payload;
};

/** A prepared statement, executed once with each list of parameters; all lists have the same types. */
export const prepared = (sql: string, ...runs: readonly (readonly BoundParameter[])[]): Line =>
  titled(`${sql} with ${runs.map((run) => run.map(({ type }) => type).join(', ')).join(' | ')}`, (client) =>
    client.withStatement(sql, async (id) => {
      const parts: Part[] = [];
      for (const [i, parameters] of runs.entries()) {
        parts.push(...await client.ask([execute(client, id, parameters, 0, i > 0)]));
      }
      return parts;
    }));

/** The commands that end a cursor before its last row. */
export type CursorEnd = 'close' | 'reset' | 'execute' | 'leave';

/** A cursor with fetches of these numbers of rows. */
export const cursor = (sql: string, fetches: readonly number[], end: CursorEnd = 'close'): Line =>
  titled(`cursor, ${fetches.join(' + ')} rows, ${end}: ${sql}`, async (client) => {
    const use = async (id: number): Promise<Part[]> => {
      const parts = await client.ask([executeBare(id, CURSOR_READ_ONLY)]);
      for (const rows of fetches) parts.push(...await client.ask([fetch(id, rows)]));
      if (end === 'reset') parts.push(...await client.ask([reset(id)]), ...await client.ask([fetch(id, 1)]));
      if (end === 'execute') {
        parts.push(...await client.ask([executeBare(id, CURSOR_READ_ONLY)]), ...await client.ask([fetch(id, 1)]));
      }
      return parts;
    };
    if (end !== 'leave') return client.withStatement(sql, use);
    const parts = await client.ask([prepare(sql)]);
    return parts[0]?.is === 'prepared' ? [...parts, ...await use(parts[0].id)] : parts;
  });

const MAX_FETCHES = 60;

const fetchAll = async (client: WireClient, id: number): Promise<Part[]> => {
  const parts = await client.ask([executeBare(id, CURSOR_READ_ONLY)]);
  for (let i = 0; i < MAX_FETCHES && isCursorOpen(parts); i += 1) {
    parts.push(...await client.ask([fetch(id, 1 + i * i)]));
  }
  return parts;
};

const isCursorOpen = (parts: readonly Part[]): boolean => {
  const last = parts.at(-1);
  if (last?.is !== 'result' || last.end.is === 'error') return false;
  return (last.end.status & (Status.CURSOR_EXISTS | Status.MORE_RESULTS_EXISTS)) === Status.CURSOR_EXISTS;
};

/** A packet that is no command. */
export const bare = (title: string, payload: Buffer): Line => titled(title, (client) => client.ask([payload]));

/** A CHANGE_USER with a wrong proof, so that the server asks for one with a new nonce. */
export const changeUser = (user: string, password: string, schema: string): Line => ({
  ...titled(`CHANGE_USER to ${user} in ${schema}, ${password}`, (client) => {
    const plugin = client.greeting.isMariadb ? 'mysql_native_password' : 'caching_sha2_password';
    const attributes = client.has(Capability.CONNECT_ATTRS) ? Buffer.from([0]) : Buffer.alloc(0);
    return client.ask([Buffer.concat([
      Buffer.from([Command.CHANGE_USER]), Buffer.from(`${user}\0`), Buffer.from([20]), Buffer.alloc(20, 1),
      Buffer.from(`${schema}\0`), Buffer.from([45, 0]), Buffer.from(`${plugin}\0`), attributes,
    ])], { password });
  }),
  isVolatile: true,
});
