/**
 * Server status flags: a field of every OK and EOF packet. Source: MySQL 9.7 `mysql_com.h`; the last one is MariaDB's.
 */
export const Status = {
  IN_TRANS: 0x0001,
  AUTOCOMMIT: 0x0002,
  MORE_RESULTS_EXISTS: 0x0008,
  CURSOR_EXISTS: 0x0040,
  LAST_ROW_SENT: 0x0080,
  NO_BACKSLASH_ESCAPES: 0x0200,
  PS_OUT_PARAMS: 0x1000,
  SESSION_STATE_CHANGED: 0x4000,
  ANSI_QUOTES: 0x8000,
} as const;
