/** The server that reads a text. Its treatment of versioned comments depends on it. */
export interface SqlServer {
  readonly isMariadb: boolean;
  /** The version as in versioned comments: 101119 is 10.11.19. Null if the server's version cannot be read. */
  readonly version: number | null;
}

export const DB_SYSTEMS = ['mysql', 'mariadb'] as const;

/** The kind of a server, by OpenTelemetry's name. */
export type DbSystem = (typeof DB_SYSTEMS)[number];

/** The kind of a server; that of the protocol if it is not known. */
export function dbSystemOf(server: SqlServer | null): DbSystem {
  return server?.isMariadb === true ? 'mariadb' : 'mysql';
}

// MariaDB skips comments for MySQL alone: versions from 5.7 on, up to its own 10.0.
const FIRST_OF_MYSQL_ALONE = 50_700;
const LAST_OF_MYSQL_ALONE = 99_999;

/**
 * Whether a server runs the content of a versioned comment. (Seen: MariaDB 10.11, MySQL 9.7.)
 * @param version the comment's version; null if it has none
 * @param forMariadb the comment begins with `/*M!`, and MySQL treats it as an ordinary comment
 */
export function runsComment(
  { isMariadb, version: own }: SqlServer, version: number | null, forMariadb: boolean,
): boolean {
  if (forMariadb && !isMariadb) return false;
  if (version === null) return true;
  const isForMysql = version >= FIRST_OF_MYSQL_ALONE && version <= LAST_OF_MYSQL_ALONE;
  if (isMariadb && isForMysql && !forMariadb) return false;
  return own === null || version <= own;
}
