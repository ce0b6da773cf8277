/** Command bytes: the first byte of a command packet's payload. Source: MySQL 9.7 `my_command.h`; 0xFA is MariaDB's. */
export const Command = {
  SLEEP: 0x00,
  QUIT: 0x01,
  INIT_DB: 0x02,
  QUERY: 0x03,
  FIELD_LIST: 0x04,
  CREATE_DB: 0x05,
  DROP_DB: 0x06,
  REFRESH: 0x07,
  SHUTDOWN: 0x08,
  STATISTICS: 0x09,
  PROCESS_INFO: 0x0a,
  CONNECT: 0x0b,
  PROCESS_KILL: 0x0c,
  DEBUG: 0x0d,
  PING: 0x0e,
  TIME: 0x0f,
  DELAYED_INSERT: 0x10,
  CHANGE_USER: 0x11,
  BINLOG_DUMP: 0x12,
  TABLE_DUMP: 0x13,
  CONNECT_OUT: 0x14,
  REGISTER_REPLICA: 0x15,
  STMT_PREPARE: 0x16,
  STMT_EXECUTE: 0x17,
  STMT_SEND_LONG_DATA: 0x18,
  STMT_CLOSE: 0x19,
  STMT_RESET: 0x1a,
  SET_OPTION: 0x1b,
  STMT_FETCH: 0x1c,
  DAEMON: 0x1d,
  BINLOG_DUMP_GTID: 0x1e,
  RESET_CONNECTION: 0x1f,
  CLONE: 0x20,
  SUBSCRIBE_GROUP_REPLICATION_STREAM: 0x21,
  STMT_BULK_EXECUTE: 0xfa,
} as const;

const NAMES = new Map<number, string>(Object.entries(Command).map(([name, code]) => [code, `COM_${name}`]));

/** The protocol's name of a command byte, such as `COM_QUERY`. An unknown byte is shown by its number: `COM_0x7F`. */
export function commandName(code: number): string {
  return NAMES.get(code) ?? `COM_0x${code.toString(16).toUpperCase().padStart(2, '0')}`;
}

/** The statements that do the same as commands without a text. (MariaDB 10.11; MySQL 9.7 knows none of these.) */
export const STATEMENTS_OF_COMMANDS: ReadonlyMap<number, Buffer> = new Map([
  [Command.REFRESH, Buffer.from('FLUSH')],
  [Command.SHUTDOWN, Buffer.from('SHUTDOWN')],
  [Command.PROCESS_KILL, Buffer.from('KILL')],
]);

/** The bytes of EXECUTE's fixed front: command, statement id, flags and iteration count. */
export const EXECUTE_FRONT_BYTES = 10;

/** The bits of EXECUTE's flags that ask for a cursor on the server (read-only 1, for update 2, scrollable 4). */
export const CURSOR_TYPE_MASK = 0x07;

/** The statement id that means the statement prepared last. MariaDB 10.2.4 and later. */
export const LAST_PREPARED_STATEMENT_ID = 0xffff_ffff;

/** The payload of a COM_STMT_RESET. (MySQL manual, "COM_STMT_RESET".) */
export function encodeReset(statementId: number): Buffer {
  const payload = Buffer.alloc(5);
  payload[0] = Command.STMT_RESET;
  payload.writeUInt32LE(statementId, 1);
  return payload;
}
