import { isIP } from 'node:net';
import { compileAddressMatcher } from '../config/network.js';
import type { TextRow } from '../protocol/textRow.js';
import { ServerRefusal } from './serverRefusal.js';
import type { ControlConnection } from './controlConnection.js';

/** A connection to the server, as the server's process list shows it. */
export interface Process {
  /** The number from the server's greeting. */
  readonly connectionId: number;
  readonly user: string;
  /**
   * The local address of the connection, or the client's address if a PROXY header told it; null over a Unix socket.
   */
  readonly localAddress: string | null;
  readonly localPort: number | null;
}

/**
 * The state of a connection in the process list: it runs a statement, it runs none, it belongs to another client, or it
 * is not there.
 */
export type Sighting = 'running' | 'idle' | 'other' | 'absent';

// MySQL 9 has deprecated the second. The first is empty there while performance_schema is off. MariaDB, and MySQL
// before 8.0.22, have only the second.
const LISTS = ['performance_schema.processlist', 'information_schema.PROCESSLIST'] as const;
const MARIADB_LISTS = ['information_schema.PROCESSLIST'] as const;

/**
 * Looks a connection up in the server's process list.
 * @throws as ControlConnection.query, if no list can be read
 */
export async function look(connection: ControlConnection, process: Process): Promise<Sighting> {
  const row = await rowOf(connection, process.connectionId);
  return row === null ? 'absent' : sightingOf(row, process);
}

/** Whether a process list shows a connection at all. @throws as `look` */
export async function isListed(connection: ControlConnection, connectionId: number): Promise<boolean> {
  return await rowOf(connection, connectionId) !== null;
}

/** The row (USER, HOST, COMMAND) of a connection, from the first list that has one. */
async function rowOf(connection: ControlConnection, connectionId: number): Promise<TextRow | null> {
  let refusal: ServerRefusal | null = null;
  let hasAnswer = false;
  for (const list of connection.isMariadb ? MARIADB_LISTS : LISTS) {
    try {
      const [row] = await connection.query(`SELECT USER, HOST, COMMAND FROM ${list} WHERE ID = ${connectionId}`);
      if (row !== undefined) return row;
      hasAnswer = true;
    } catch (error) {
      if (!(error instanceof ServerRefusal)) throw error;
      refusal = error;
    }
  }
  if (!hasAnswer && refusal !== null) throw refusal;
  return null;
}

/** Judges the row (USER, HOST, COMMAND) that stands in the process list under the connection's id. */
export function sightingOf([user, host, command]: TextRow, process: Process): Sighting {
  const { host: shownHost, port } = splitHost(host ?? '');
  // The list may show a host name, which any of the host's addresses may have. Only an address can tell another host
  // from ours.
  const isOurHost = isIP(shownHost) === 0 || isSameAddress(shownHost, process.localAddress ?? '');
  if (user !== process.user || port !== process.localPort || !isOurHost) return 'other';
  return command === 'Sleep' ? 'idle' : 'running';
}

/** Splits "host:port". Without a port, as for a Unix socket, the port is null. An IPv6 address has no brackets. */
function splitHost(text: string): { host: string; port: number | null } {
  const match = /^(.*):(\d{1,5})$/.exec(text);
  return match === null ? { host: text, port: null } : { host: match[1]!, port: Number(match[2]) };
}

/** Compares addresses in any notation, including IPv4-mapped IPv6 (::ffff:10.0.0.1). */
function isSameAddress(one: string, other: string): boolean {
  return isIP(other) !== 0 && compileAddressMatcher(other)(one);
}
