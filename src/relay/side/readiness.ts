import type { Config, Upstream } from '../../config.js';
import { probe } from './probe.js';

/** How long a server is given to take the login of a readiness check. */
const REACH_TIMEOUT_MS = 2000;

/** Errors that answer a login: the server lets others in. In place of a greeting it has none of them. */
const DENIED: readonly number[] = [
  1045, // ER_ACCESS_DENIED_ERROR
  1698, // ER_ACCESS_DENIED_NO_PASSWORD_ERROR
  3159, // ER_SECURE_TRANSPORT_REQUIRED
];

/**
 * Whether one of the servers takes logins. A connection that ends before it has logged in counts towards
 * `max_connect_errors` on both servers, so each check logs in, or is denied: a login that is denied does not count
 * (seen: MariaDB 10.11, MySQL 9.7). Never rejects.
 */
export async function takesLogins({ upstream, connections, kill }: Config): Promise<boolean> {
  const timeoutMs = Math.min(connections.connectTimeoutMs, REACH_TIMEOUT_MS);
  const answers = await Promise.all(upstream.map((server) => takesLogin(server, kill, timeoutMs)));
  return answers.includes(true);
}

/** The account that kills is not shown in the clear where connections are to be encrypted. */
async function takesLogin({ at, proxyProtocol, tls }: Upstream, kill: Config['kill'], timeoutMs: number): Promise<boolean> {
  try {
    const refusal = await probe({ at, proxyProtocol, encrypt: null }, tls.mode === 'off' ? kill : null, timeoutMs);
    return refusal === null || DENIED.includes(refusal.code);
  } catch {
    return false;
  }
}
