import type { Logger } from 'pino';
import type { Config, Upstream } from '../config/config.js';
import { UpstreamTls } from './tls/upstreamTls.js';
import type { Encrypt } from '../control/packetChannel.js';
import { probe } from '../control/probe.js';
import { ServerErrors } from '../protocol/errorCodes.js';

/**
 * Finds out whether one of a configuration's servers takes logins. A connection that ends before it has logged in
 * counts towards `max_connect_errors` on both servers, so each check logs in, or is denied: a login that is denied does
 * not count (seen: MariaDB 10.11, MySQL 9.7).
 */
export class Readiness {
  private readonly upstreamTlsOf = new Map<Upstream, UpstreamTls>();
  private checking: Promise<boolean> | null = null;

  constructor(
    private readonly config: Pick<Config, 'upstream' | 'connections' | 'kill'>,
    private readonly log: Logger,
  ) {}

  /** Never rejects. Whoever asks during a check gets its answer. */
  takesLogins(): Promise<boolean> {
    return (this.checking ??= this.check().finally(() => (this.checking = null)));
  }

  close(): void {
    for (const upstreamTls of this.upstreamTlsOf.values()) upstreamTls.close();
  }

  private async check(): Promise<boolean> {
    const { upstream, connections } = this.config;
    const timeoutMs = Math.min(connections.connectTimeoutMs, REACH_TIMEOUT_MS);
    const verdicts = await Promise.all(upstream.map((server) => this.takesLogin(server, timeoutMs)));
    return verdicts.includes(true);
  }

  private async takesLogin(upstream: Upstream, timeoutMs: number): Promise<boolean> {
    const { at, proxyProtocol } = upstream;
    const { kill } = this.config;
    try {
      // Who is denied anyway needs no encryption, of which a server would count each failure.
      const encrypt = kill === null ? null : this.encryptTo(upstream);
      const refusal = await probe({ at, proxyProtocol, encrypt }, kill, timeoutMs);
      return refusal === null || DENIED.includes(refusal.code);
    } catch {
      return false;
    }
  }

  /** As a session's connection is encrypted. @throws TlsFileError where the files for that cannot be used */
  private encryptTo(upstream: Upstream): Encrypt | null {
    const upstreamTls = this.upstreamTlsOf.get(upstream) ?? new UpstreamTls(upstream, this.log);
    this.upstreamTlsOf.set(upstream, upstreamTls);
    return upstreamTls.forControlConnections;
  }
}

/** How long a server is given to take the login of a readiness check. */
const REACH_TIMEOUT_MS = 2000;

/** Errors that answer a login: the server lets others in. In place of a greeting it has none of them. */
const DENIED: readonly number[] = [
  ServerErrors.ACCESS_DENIED_ERROR.code,
  ServerErrors.ACCESS_DENIED_NO_PASSWORD_ERROR.code,
  ServerErrors.SECURE_TRANSPORT_REQUIRED.code,
];
