import type { Account } from './login.js';
import { nobody } from './nobody.js';
import { ServerRefusal } from './serverRefusal.js';
import { ControlConnection, type Remote } from './controlConnection.js';

/**
 * Finds out whether a server can be talked to. A login is taken to its end, also where it is denied: servers lock out a
 * host whose connections end before that, again and again.
 * @param account who logs in; null where there is no account
 * @param timeoutMs for all of it
 * @param signal ends it at once
 * @returns how the server refused it; null where it let us in
 * @throws Error where the server cannot be reached or talked to, or is too slow
 */
export async function probe(
  remote: Remote, account: Account | null, timeoutMs: number, signal?: AbortSignal,
): Promise<ServerRefusal | null> {
  const settings = {
    account: account ?? nobody(), encrypt: remote.encrypt, connectTimeoutMs: timeoutMs, answerTimeoutMs: timeoutMs,
  };
  const connection = new ControlConnection(remote, settings);
  const onAbort = (): void => connection.destroy('it is not needed any more');
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
