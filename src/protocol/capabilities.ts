/**
 * Capability flags: the features on which client and server agree in the handshake. Both servers share bits 0 to 31.
 * Bits 32 to 63 are MariaDB's own; they travel in four bytes that MySQL leaves zero. Source: MySQL 9.7 `mysql_com.h`,
 * MariaDB 11.8 `mysql_com.h`.
 */
export const Capability = {
  /** MySQL sets it. A MariaDB server clears it to say that its greeting carries bits 32 to 63. */
  LONG_PASSWORD: 1n << 0n,
  FOUND_ROWS: 1n << 1n,
  LONG_FLAG: 1n << 2n,
  CONNECT_WITH_DB: 1n << 3n,
  NO_SCHEMA: 1n << 4n,
  COMPRESS: 1n << 5n,
  ODBC: 1n << 6n,
  LOCAL_FILES: 1n << 7n,
  IGNORE_SPACE: 1n << 8n,
  PROTOCOL_41: 1n << 9n,
  INTERACTIVE: 1n << 10n,
  SSL: 1n << 11n,
  IGNORE_SIGPIPE: 1n << 12n,
  TRANSACTIONS: 1n << 13n,
  RESERVED: 1n << 14n,
  SECURE_CONNECTION: 1n << 15n,
  MULTI_STATEMENTS: 1n << 16n,
  MULTI_RESULTS: 1n << 17n,
  PS_MULTI_RESULTS: 1n << 18n,
  PLUGIN_AUTH: 1n << 19n,
  CONNECT_ATTRS: 1n << 20n,
  PLUGIN_AUTH_LENENC_CLIENT_DATA: 1n << 21n,
  CAN_HANDLE_EXPIRED_PASSWORDS: 1n << 22n,
  SESSION_TRACK: 1n << 23n,
  DEPRECATE_EOF: 1n << 24n,
  OPTIONAL_RESULTSET_METADATA: 1n << 25n,
  ZSTD_COMPRESSION_ALGORITHM: 1n << 26n,
  QUERY_ATTRIBUTES: 1n << 27n,
  MULTI_FACTOR_AUTHENTICATION: 1n << 28n,
  SSL_VERIFY_SERVER_CERT: 1n << 30n,
  REMEMBER_OPTIONS: 1n << 31n,
  MARIADB_PROGRESS: 1n << 32n,
  MARIADB_STMT_BULK_OPERATIONS: 1n << 34n,
  MARIADB_EXTENDED_METADATA: 1n << 35n,
  MARIADB_CACHE_METADATA: 1n << 36n,
  MARIADB_BULK_UNIT_RESULTS: 1n << 37n,
} as const;

/** All bits whose effect on the wire Sluice knows. A session that it follows must not agree on any other. */
export const KNOWN_CAPABILITIES: bigint = Object.values(Capability).reduce((all, bit) => all | bit, 0n);

const LOW_HALF = 0xffff_ffffn;

/** Bits 0 to 31, as they stand in the four common bytes. */
export function commonHalf(capabilities: bigint): number {
  return Number(capabilities & LOW_HALF);
}

/** Bits 32 to 63, as they stand in MariaDB's four bytes. */
export function mariadbHalf(capabilities: bigint): number {
  return Number(capabilities >> 32n);
}

/** Joins the two halves, as read from the wire, to one set of flags. */
export function joinHalves(common: number, mariadb: number): bigint {
  return BigInt(common) | (BigInt(mariadb) << 32n);
}
