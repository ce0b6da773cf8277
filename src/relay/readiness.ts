import type { Logger } from 'pino';
import type { Config, Upstream } from '../config/config.js';
import { UpstreamTls } from './tls/upstreamTls.js';
import type { Encrypt } from '../control/packetChannel.js';
import { probe } from '../control/probe.js';
import type { ServerRefusal } from '../control/serverRefusal.js';
import { ServerErrors } from '../protocol/errorCodes.js';

/**
 * Finds out whether any server of a configuration accepts logins. On both servers, a connection that ends before its
 * login counts towards `max_connect_errors`. Each check therefore logs in or is denied, because a denied login does not
 * count (seen: MariaDB 10.11, MySQL 9.7).
 */
export class Readiness {
  private readonly upstreamTlsOf = new Map<Upstream, UpstreamTls>();
  private checking: Promise<boolean> | null = null;

  constructor(
    private readonly config: Pick<Config, 'upstream' | 'connections' | 'kill'>,
    private readonly log: Logger,
  ) {}

  /** Never rejects. Calls during a check share its result. */
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
      // A login that will be denied needs no encryption. A server would count each failed handshake.
      const encrypt = kill === null ? null : this.encryptTo(upstream);
      const refusal = await probe({ at, proxyProtocol, encrypt }, kill, timeoutMs);
      return refusal === null || deniesOneLogin(refusal);
    } catch {
      return false;
    }
  }

  /** The encryption of a session's connection. @throws TlsFileError if its files cannot be used */
  private encryptTo(upstream: Upstream): Encrypt | null {
    const upstreamTls = this.upstreamTlsOf.get(upstream) ?? new UpstreamTls(upstream, this.log);
    this.upstreamTlsOf.set(upstream, upstreamTls);
    return upstreamTls.forControlConnections;
  }
}

/** The time for the login of a readiness check. */
const REACH_TIMEOUT_MS = 2000;

/** Whether a server that refuses so accepts other logins. None of these errors can stand in place of a greeting. */
export function deniesOneLogin({ code }: ServerRefusal): boolean {
  return DENIED.includes(code);
}

const DENIED: readonly number[] = [
  ServerErrors.ACCESS_DENIED_ERROR.code,
  ServerErrors.ACCESS_DENIED_NO_PASSWORD_ERROR.code,
  ServerErrors.SECURE_TRANSPORT_REQUIRED.code,
];
