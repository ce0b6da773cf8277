import { isIP } from 'node:net';
import { compileAddressMatcher } from '../config/network.js';
import type { TextRow } from '../protocol/textRow.js';
import { ServerRefusal } from './serverRefusal.js';
import type { ControlConnection } from './controlConnection.js';

/** How a connection of ours to the server shows in the server's process list. */
export interface Process {
  /** As the server's greeting gave it. */
  readonly connectionId: number;
  readonly user: string;
  /** Our own end of the connection, or the client's, where a PROXY header told it; nulls over a Unix socket. */
  readonly localAddress: string | null;
  readonly localPort: number | null;
}

/**
 * What the process list says of a connection: it runs a statement, it runs none, it is another one's, it is
 * not there.
 */
export type Sighting = 'running' | 'idle' | 'other' | 'absent';

// MySQL 9 has deprecated the second and lists nobody in the first while performance_schema is off; MariaDB
// and MySQL before 8.0.22 know only the second.
const LISTS = ['performance_schema.processlist', 'information_schema.PROCESSLIST'] as const;
const MARIADB_LISTS = ['information_schema.PROCESSLIST'] as const;

/**
 * Looks a connection up in the server's process list.
 * @throws as SideConnection.query, where no list can be read
 */
export async function look(connection: ControlConnection, process: Process): Promise<Sighting> {
  let refusal: ServerRefusal | null = null;
  let hasAnswer = false;
  for (const list of connection.isMariadb ? MARIADB_LISTS : LISTS) {
    try {
      const sql = `SELECT USER, HOST, COMMAND FROM ${list} WHERE ID = ${process.connectionId}`;
      const [row] = await connection.query(sql);
      if (row !== undefined) return sightingOf(row, process);
      hasAnswer = true;
    } catch (error) {
      if (!(error instanceof ServerRefusal)) throw error;
      refusal = error;
    }
  }
  if (!hasAnswer && refusal !== null) throw refusal;
  return 'absent';
}

/** Judges the row (USER, HOST, COMMAND) that stands in the process list under the connection's id. */
export function sightingOf([user, host, command]: TextRow, process: Process): Sighting {
  const { host: shownHost, port } = splitHost(host ?? '');
  // A name may be resolved from any of the host's addresses, so only an address can tell another host from
  // ours.
  const isOurHost = isIP(shownHost) === 0 || isSameAddress(shownHost, process.localAddress ?? '');
  if (user !== process.user || port !== process.localPort || !isOurHost) return 'other';
  return command === 'Sleep' ? 'idle' : 'running';
}

/**
 * "host:port"; without a port, as of a unix socket, the port is null. An IPv6 address stands without
 * brackets.
 */
function splitHost(text: string): { host: string; port: number | null } {
  const match = /^(.*):(\d{1,5})$/.exec(text);
  return match === null ? { host: text, port: null } : { host: match[1]!, port: Number(match[2]) };
}

/** Addresses may be written in several ways, IPv4 ones as IPv6 (::ffff:10.0.0.1) too. */
function isSameAddress(one: string, other: string): boolean {
  return isIP(other) !== 0 && compileAddressMatcher(other)(one);
}
