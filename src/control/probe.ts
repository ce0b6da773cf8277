import type { Account } from './login.js';
import { nobody } from './nobody.js';
import { ServerRefusal } from './serverRefusal.js';
import { ControlConnection, type Remote } from './controlConnection.js';

/**
 * Finds out whether a server accepts logins. The login runs to its end, even if it is denied: servers lock out a host
 * after many connections that end earlier.
 * @param account the account that logs in; null if there is none
 * @param timeoutMs the time for all of it
 * @param signal ends the probe at once
 * @returns the server's refusal; null if it has accepted the login
 * @throws Error if the server cannot be reached, cannot be understood or is too slow
 */
export async function probe(
  remote: Remote, account: Account | null, timeoutMs: number, signal?: AbortSignal,
): Promise<ServerRefusal | null> {
  const settings = {
    account: account ?? nobody(), encrypt: remote.encrypt, connectTimeoutMs: timeoutMs, answerTimeoutMs: timeoutMs,
  };
  const connection = new ControlConnection(remote, settings);
  const onAbort = (): void => connection.destroy('the probe is not needed any more');
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    await connection.logIn();
    connection.quit();
    return null;
  } catch (error) {
    if (error instanceof ServerRefusal) return error;
    throw error;
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}
