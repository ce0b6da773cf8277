import { Command } from '../../src/protocol/commands.js';

// Payloads of commands, as a client writes them.

const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
};

/** A command byte and what follows it. */
export const command = (code: number, ...parts: (Buffer | string)[]): Buffer =>
  Buffer.concat([Buffer.from([code]), ...parts.map((part) => Buffer.from(part))]);

export const query = (sql: string): Buffer => command(Command.QUERY, sql);

/** A query attribute: its type of the binary protocol, and its value's bytes, null for NULL. */
export interface Attribute {
  readonly name: string;
  readonly type: number;
  readonly value: Buffer | null;
}

/** A query with CLIENT_QUERY_ATTRIBUTES in effect. */
export const attributedQuery = (sql: string, attributes: readonly Attribute[] = []): Buffer => {
  if (attributes.length === 0) return command(Command.QUERY, '\0\x01', sql);
  const nulls = Buffer.alloc((attributes.length + 7) >> 3);
  attributes.forEach(({ value }, i) => {
    if (value === null) nulls[i >> 3]! |= 1 << (i & 7);
  });
  const types = attributes.map(({ name, type }) => Buffer.from([type, 0, name.length, ...Buffer.from(name)]));
  const values = attributes.map(({ value }) => value ?? Buffer.alloc(0));
  return command(Command.QUERY, Buffer.from([attributes.length, 1]), nulls, Buffer.from([1]), ...types,
    ...values, sql);
};

/** One attribute of each size that a value can have, named `a0`, `a1` and so on. */
export const ATTRIBUTES: readonly Attribute[] = [
  [0xfd, Buffer.from('\x04text')], [0xfd, null], [1, Buffer.alloc(1, 7)], [2, Buffer.alloc(2, 7)],
  [3, Buffer.alloc(4, 7)],
  [8, Buffer.alloc(8, 7)], [4, Buffer.alloc(4, 7)], [5, Buffer.alloc(8, 7)],
  [12, Buffer.from([4, 0xe8, 7, 2, 29])],
  [11, Buffer.from([8, 0, 0, 0, 0, 0, 1, 2, 3])], [6, null],
].map(([type, value], i) => ({ name: `a${i}`, type: type as number, value: value as Buffer | null }));

export const prepare = (sql: string): Buffer => command(Command.STMT_PREPARE, sql);
export const fetch = (id: number, rows: number): Buffer =>
  command(Command.STMT_FETCH, uint32(id), uint32(rows));
export const reset = (id: number): Buffer => command(Command.STMT_RESET, uint32(id));
export const close = (id: number): Buffer => command(Command.STMT_CLOSE, uint32(id));
export const longData = (id: number, parameter: number, data: string): Buffer =>
  command(Command.STMT_SEND_LONG_DATA, uint32(id), Buffer.from([parameter, 0]), data);

export const CURSOR_READ_ONLY = 1;

/** EXECUTE; `parameters` are texts, bound as VAR_STRING, null for one that was sent as long data. */
export const execute = (id: number, flags = 0, parameters: readonly (string | null)[] = []): Buffer => {
  const head = [uint32(id), Buffer.from([flags]), uint32(1)];
  if (parameters.length === 0) return command(Command.STMT_EXECUTE, ...head);
  const nulls = Buffer.alloc((parameters.length + 7) >> 3);
  const types = Buffer.concat(parameters.map(() => Buffer.from([0xfd, 0])));
  const values = parameters.map((text) =>
    (text === null ? '' : `${String.fromCharCode(text.length)}${text}`)).join('');
  return command(Command.STMT_EXECUTE, ...head, nulls, Buffer.from([1]), types, values);
};

/**
 * MariaDB's bulk execution of a statement with one text parameter, which stands for as many rows as there are
 * texts.
 */
export const bulkExecute = (id: number, texts: readonly string[]): Buffer => {
  const TYPES_SENT = 128;
  const rows = texts.map((text) => Buffer.concat([Buffer.from([0, text.length]), Buffer.from(text)]));
  return command(Command.STMT_BULK_EXECUTE, uint32(id), Buffer.from([TYPES_SENT, 0, 0xfd, 0]), ...rows);
};

/**
 * CHANGE_USER with an authentication response that no server takes, so that it asks again with a new nonce.
 */
export const changeUser = (user: string, schema: string, plugin: string): Buffer =>
  command(Command.CHANGE_USER, `${user}\0`, Buffer.from([20]), Buffer.alloc(20, 1), `${schema}\0`,
    Buffer.from([45, 0]),
    `${plugin}\0`);
