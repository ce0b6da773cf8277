import { ControlConnection } from '../../src/control/controlConnection.js';
import { APP } from './seed.js';
import type { Server, ServerKind } from './servers.js';
import { remoteAt } from './remote.js';

/** The account that kills cut queries. */
export const KILLER = { user: 'sluice', password: 'kills-only' } as const;
// The least privileges that it needs. MySQL protects accounts with SYSTEM_USER from others, and `app` has all rights.
const KILL_PRIVILEGES: Record<ServerKind, string> = {
  mysql: 'PROCESS, CONNECTION_ADMIN, SYSTEM_USER',
  mariadb: 'PROCESS, CONNECTION ADMIN',
};

export const createKiller = (server: Server): Promise<string[][]> => server.sql(`
  CREATE USER '${KILLER.user}'@'%' IDENTIFIED BY '${KILLER.password}';
  GRANT ${KILL_PRIVILEGES[server.kind]} ON *.* TO '${KILLER.user}'@'%';
`);

/** Reads a server's process list over one connection, so that a read takes a millisecond. */
export class ProcessWatch {
  private constructor(private readonly connection: ControlConnection) {}

  static async start(server: Server): Promise<ProcessWatch> {
    const { user, password } = APP;
    const connection = new ControlConnection(remoteAt(server.port), {
      account: { user, password }, connectTimeoutMs: 30_000, answerTimeoutMs: 30_000, encrypt: null,
    });
    await connection.logIn();
    return new ProcessWatch(connection);
  }

  /** The number of connections for which `condition`, in terms of information_schema.PROCESSLIST, is true. */
  async count(condition: string): Promise<number> {
    const [row] = await this.connection.query(
      `SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID() AND (${condition})`);
    return Number(row?.[0]);
  }

  /** Reads until `condition` is true for this many connections; throws when that does not come. */
  async until(condition: string, count: number): Promise<void> {
    const deadline = Date.now() + 60_000;
    while (await this.count(condition) !== count) {
      if (Date.now() > deadline) throw new Error(`the process list has never ${count} with ${condition}`);
    }
  }

  close(): void {
    this.connection.quit();
  }
}
