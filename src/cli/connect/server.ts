import { pino } from 'pino';
import { TLSSocket } from 'node:tls';
import { formatPlace } from '../../config/address.js';
import type { Config, Upstream } from '../../config/config.js';
import { formatMoment } from '../../config/schema/moment.js';
import { TlsFileError } from '../../config/tlsFiles.js';
import { ControlConnection, type Remote } from '../../control/controlConnection.js';
import { ADVICE_ON_PRIVILEGES, mayKill } from '../../control/killPrivileges.js';
import { nobody } from '../../control/nobody.js';
import type { Encrypt } from '../../control/packetChannel.js';
import { ServerRefusal } from '../../control/serverRefusal.js';
import type { Greeting } from '../../protocol/greeting.js';
import { deniesOneLogin } from '../../relay/readiness.js';
import { reasonOf as handshakeReasonOf } from '../../relay/tls/handshakeError.js';
import { termsOf, UpstreamTls } from '../../relay/tls/upstreamTls.js';
import type { Finding } from './finding.js';
import { world } from '../../world/world.js';

// Checks of a server: its version, its encryption, and the privileges of the account that kills.

const DAYS_OF_NOTICE = 14;
const DAY_MS = 24 * 3_600_000;

/**
 * Connects to a server, encrypts as asked, and logs in with the account that kills. Without one it tries an account
 * that does not exist, until the server denies it: servers lock out a host whose connections end earlier again and
 * again.
 */
export async function lookAtServer(
  upstream: Upstream, path: string, { kill, connections: { connectTimeoutMs } }: Config, nowMs: number,
): Promise<readonly Finding[]> {
  const name = formatPlace(upstream.at);
  const look = new ServerLook(connectTimeoutMs);
  let upstreamTls: UpstreamTls;
  try {
    upstreamTls = new UpstreamTls(upstream, pino({ level: 'silent' }));
  } catch (error) {
    if (!(error instanceof TlsFileError)) throw error;
    return [{ state: 'FAILED', path: `${path}.tls.${error.key}`, says: error.message }];
  }
  try {
    const remote = { ...upstream, encrypt: look.watched(upstreamTls.forControlConnections) };
    const refusal = await look.logIn(remote, kill ?? nobody());
    if (refusal !== null && !deniesOneLogin(refusal)) {
      return [{ state: 'FAILED', path, says: `${name} takes no logins: ${refusal.message}` }];
    }
    return [
      { state: 'ok', path, says: `${name} is ${look.version} and took ${look.tookMs} ms to answer a login` },
      ...look.encryption(`${path}.tls`, upstream, nowMs),
      ...(kill === null ? [] : [await killFinding(look, remote, refusal, name)]),
    ];
  } catch (error) {
    return [{ state: 'FAILED', path, says: `${name}: ${handshakeReasonOf(error)}` }];
  } finally {
    look.close();
    upstreamTls.close();
  }
}

/** Whether the account that kills has its privileges on a server. */
async function killFinding(
  look: ServerLook, remote: Remote, refusal: ServerRefusal | null, name: string,
): Promise<Finding> {
  const path = 'kill';
  if (refusal !== null) return { state: 'FAILED', path, says: `cannot log in at ${name}: ${refusal.message}` };
  const missing = await look.missingPrivilege(remote);
  if (missing === null) return { state: 'ok', path, says: `sees the sessions of others at ${name}, and may kill` };
  return { state: 'FAILED', path, says: `at ${name} ${missing}; ${ADVICE_ON_PRIVILEGES}` };
}

/** One look at a server: its connection, its version and its encryption. */
class ServerLook {
  version = 'a server without a greeting';
  tookMs = 0;
  private tls: { readonly terms: string; readonly validTo: string } | null = null;
  private connection: ControlConnection | null = null;

  constructor(private readonly timeoutMs: number) {}

  /** The same encryption, of which the terms and the date of the server's certificate are kept. */
  watched(encrypt: Encrypt | null): Encrypt | null {
    if (encrypt === null) return null;
    return {
      isRequired: encrypt.isRequired,
      encrypt: async (socket) => {
        const encrypted = await encrypt.encrypt(socket);
        if (encrypted instanceof TLSSocket) {
          this.tls = { terms: termsOf(encrypted), validTo: encrypted.getPeerCertificate().valid_to };
        }
        return encrypted;
      },
    };
  }

  /** @returns the server's refusal; null where it took the login. @throws Error as `ControlConnection.logIn` */
  async logIn(remote: Remote, account: { user: string; password: string }): Promise<ServerRefusal | null> {
    const startedAtMs = world.nowMs();
    this.connection = this.connect(remote, account, (greeting) => {
      this.version = `${greeting.isMariadb ? 'MariaDB' : 'MySQL'} ${shown(greeting.serverVersion)}`;
    });
    try {
      await this.connection.logIn();
      return null;
    } catch (error) {
      if (error instanceof ServerRefusal) return error;
      throw error;
    } finally {
      this.tookMs = Math.round(world.nowMs() - startedAtMs);
    }
  }

  /** The privileges that are missing for kills, in words; null if none is. */
  async missingPrivilege(remote: Remote): Promise<string | null> {
    let missing: string | null = null;
    const victim = this.connect(remote, nobody(), async (greeting) => {
      missing = await mayKill(this.connection!, greeting.connectionId);
    });
    try {
      await victim.logIn();
      victim.quit();
    } catch (error) {
      if (!(error instanceof ServerRefusal)) throw error;
    }
    return missing;
  }

  encryption(path: string, { tls: { mode } }: Upstream, nowMs: number): Finding[] {
    const { tls } = this;
    if (tls === null) {
      const isAsked = mode === 'off';
      return [{ state: isAsked ? 'ok' : 'note', path, says: `mode is "${mode}", and connections are not encrypted` }];
    }
    return [
      { state: 'ok', path, says: `mode is "${mode}", and connections are encrypted (${tls.terms})` },
      ...certificateFinding(path, tls.validTo, mode.startsWith('verify'), nowMs),
    ];
  }

  close(): void {
    if (this.connection?.isOpen) this.connection.quit();
  }

  private connect(
    { at, proxyProtocol, encrypt }: Remote, account: { user: string; password: string },
    greeted: (greeting: Greeting) => void | Promise<void>,
  ): ControlConnection {
    const { timeoutMs } = this;
    return new ControlConnection(
      { at, proxyProtocol, encrypt },
      { account, encrypt, connectTimeoutMs: timeoutMs, answerTimeoutMs: timeoutMs, greeted },
    );
  }
}

/** The server's certificate is checked only in some modes; its date is worth a line in all. */
function certificateFinding(path: string, validTo: string, isChecked: boolean, nowMs: number): Finding[] {
  const atMs = Date.parse(validTo);
  if (Number.isNaN(atMs)) return [];
  const date = formatMoment(atMs);
  if (nowMs >= atMs) {
    return [{ state: isChecked ? 'FAILED' : 'note', path, says: `the server's certificate expired at ${date}` }];
  }
  const isSoon = atMs - nowMs < DAYS_OF_NOTICE * DAY_MS;
  return [{ state: isSoon ? 'note' : 'ok', path, says: `the server's certificate expires at ${date}` }];
}

/** A version as a server tells it, without what could confuse a terminal. */
function shown(version: string): string {
  // MariaDB puts a version of MySQL in front, for old replicas.
  return version.replace(/^5\.5\.5-(?=.*MariaDB)/, '').replace(/[^\x20-\x7e]/g, '?').slice(0, 100);
}
