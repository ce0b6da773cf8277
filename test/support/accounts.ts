import { readFileSync } from 'node:fs';
import { ControlConnection } from '../../src/control/controlConnection.js';
import { APP } from './seed.js';
import type { Server, ServerKind } from './servers.js';
import { remoteAt } from './remote.js';

/** The account that kills cut queries. */
export const KILLER = { user: 'sluice', password: 'kills-only' } as const;
/** The first words of the documented statements for each server. */
const HEADINGS: Record<ServerKind, string> = { mysql: '-- MySQL ', mariadb: '-- MariaDB ' };

/** Creates the account of `KILLER` with the statements of `sluice help rules`, but for the password. */
export const createKiller = (server: Server): Promise<string[][]> => {
  const topic = readFileSync(new URL('../../src/help/rules.md', import.meta.url), 'utf8');
  const [statements] = new RegExp(`^ {4}${HEADINGS[server.kind]}.*\\n(?: {4}.*\\n)+`, 'm').exec(topic) ?? [];
  if (statements === undefined) throw new Error(`rules.md has no account for ${server.kind}`);
  return server.sql(statements.replace("BY '…'", `BY '${KILLER.password}'`));
};

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

  /** Counts the connections for which a condition on the columns of information_schema.PROCESSLIST is true. */
  async count(condition: string): Promise<number> {
    const [row] = await this.connection.query(
      `SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID() AND (${condition})`);
    return Number(row?.[0]);
  }

  /** Reads until `condition` is true for this many connections. Throws when that does not happen in time. */
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
