import type { Greeting } from '../protocol/greeting.js';
import type { SqlServer } from '../sql/sqlServer.js';

/** The server that sent a greeting, as a reader of SQL. */
export function sqlServerOf({ isMariadb, serverVersion }: Pick<Greeting, 'isMariadb' | 'serverVersion'>): SqlServer {
  const own = isMariadb ? serverVersion.replace(MARIADB_DISGUISE, '') : serverVersion;
  const found = VERSION.exec(own);
  if (found === null) return { isMariadb, version: null };
  return { isMariadb, version: Number(found[1]) * 10_000 + Number(found[2]) * 100 + Number(found[3]) };
}

/** The prefix that MariaDB puts before its version for older clients. */
const MARIADB_DISGUISE = /^5\.5\.5-/;
const VERSION = /^(\d{1,2})\.(\d{1,2})\.(\d{1,2})(?!\d)/;
