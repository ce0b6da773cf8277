import type { ControlConnection } from './controlConnection.js';
import { isListed } from './processList.js';
import { ServerRefusal } from './serverRefusal.js';

/**
 * Tries whether the account of a control connection may do what a kill needs. The victim is a connection that has not
 * logged in yet: it belongs to no account, and KILL QUERY does not end it.
 * @param victim the server's number of that connection
 * @returns the missing privileges, in words; null if none is missing
 * @throws Error if the server does not answer
 */
export async function mayKill(connection: ControlConnection, victim: number): Promise<string | null> {
  try {
    if (!await isListed(connection, victim)) return 'the process list does not show the sessions of others';
    await connection.query(`KILL QUERY ${victim}`);
    return null;
  } catch (error) {
    if (error instanceof ServerRefusal) return error.message;
    throw error;
  }
}

/** The privileges that the account needs. */
export const ADVICE_ON_PRIVILEGES =
  'kill.user needs the privileges PROCESS and CONNECTION_ADMIN (MariaDB: CONNECTION ADMIN; older servers: SUPER), ' +
  'and SYSTEM_USER too where MySQL has given that to the account of the session';
