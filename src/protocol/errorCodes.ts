/** The number and the SQLSTATE of an error of MySQL or MariaDB. */
export interface ErrorNumber {
  readonly code: number;
  /** Five characters. */
  readonly sqlState: string;
}

/** The SQLSTATE of errors that have none of their own. */
export const GENERAL_ERROR = 'HY000';

/** The SQLSTATE of a broken connection. Drivers and pools close a connection on any SQLSTATE of class 08. */
export const CONNECTION_FAILURE = '08S01';

/**
 * The servers' errors that Sluice sends or recognizes, by their names without `ER_`. Each has the SQLSTATE that a
 * server sends. (MySQL manual, "Server Error Message Reference"; MariaDB, "MariaDB Error Code Reference".)
 */
export const ServerErrors = {
  /** MariaDB's, for a sort that was killed. */
  FILSORT_ABORT: { code: 1028, sqlState: GENERAL_ERROR },
  CON_COUNT_ERROR: { code: 1040, sqlState: '08004' },
  HANDSHAKE_ERROR: { code: 1043, sqlState: CONNECTION_FAILURE },
  ACCESS_DENIED_ERROR: { code: 1045, sqlState: '28000' },
  UNKNOWN_COM_ERROR: { code: 1047, sqlState: CONNECTION_FAILURE },
  BAD_FIELD_ERROR: { code: 1054, sqlState: '42S22' },
  PARSE_ERROR: { code: 1064, sqlState: '42000' },
  EMPTY_QUERY: { code: 1065, sqlState: '42000' },
  NO_SUCH_THREAD: { code: 1094, sqlState: GENERAL_ERROR },
  KILL_DENIED_ERROR: { code: 1095, sqlState: GENERAL_ERROR },
  TOO_BIG_SELECT: { code: 1104, sqlState: '42000' },
  NO_SUCH_TABLE: { code: 1146, sqlState: '42S02' },
  NET_PACKET_TOO_LARGE: { code: 1153, sqlState: CONNECTION_FAILURE },
  NET_READ_ERROR: { code: 1158, sqlState: CONNECTION_FAILURE },
  UNKNOWN_SYSTEM_VARIABLE: { code: 1193, sqlState: GENERAL_ERROR },
  WRONG_ARGUMENTS: { code: 1210, sqlState: GENERAL_ERROR },
  SPECIFIC_ACCESS_DENIED_ERROR: { code: 1227, sqlState: '42000' },
  UNKNOWN_STMT_HANDLER: { code: 1243, sqlState: GENERAL_ERROR },
  NOT_SUPPORTED_AUTH_MODE: { code: 1251, sqlState: '08004' },
  SP_DOES_NOT_EXIST: { code: 1305, sqlState: '42000' },
  QUERY_INTERRUPTED: { code: 1317, sqlState: '70100' },
  STMT_HAS_NO_OPEN_CURSOR: { code: 1421, sqlState: GENERAL_ERROR },
  /** A server that this server needs cannot be reached. */
  CONNECT_TO_FOREIGN_DATA_SOURCE: { code: 1429, sqlState: GENERAL_ERROR },
  MAX_PREPARED_STMT_COUNT_REACHED: { code: 1461, sqlState: '42000' },
  ACCESS_DENIED_NO_PASSWORD_ERROR: { code: 1698, sqlState: '28000' },
  MALFORMED_PACKET: { code: 1835, sqlState: GENERAL_ERROR },
  /** MariaDB's. SQLAlchemy treats it as a lost connection. */
  CONNECTION_KILLED: { code: 1927, sqlState: '70100' },
  SECURE_TRANSPORT_REQUIRED: { code: 3159, sqlState: GENERAL_ERROR },
  /** MySQL's, for a statement that a plugin refuses. Every pool takes it as an error of the statement alone. */
  AUDIT_API_ABORT: { code: 3164, sqlState: GENERAL_ERROR },
  /** MySQL's. Every pool that was tried takes it as an error of the statement alone, not of the connection. */
  CAPACITY_EXCEEDED: { code: 3170, sqlState: GENERAL_ERROR },
} as const satisfies Readonly<Record<string, ErrorNumber>>;
