import type { Logger } from 'pino';
import { formatPlace } from '../config/address.js';
import { KillLane, NOT_KILLED } from './killLane.js';
import type { Account } from './login.js';
import { OccasionalLog } from '../audit/occasionalLog.js';
import { PendingKill, type KillOutcome, type KillTarget } from './pendingKill.js';
import type { Config } from '../config/config.js';
import { ServerTimeouts } from './serverTimeouts.js';

/**
 * Kills the statements of cut responses over control connections. There is one for each upstream address, opened when
 * it is first needed and kept open for a while.
 */
export class Killer {
  private readonly lanes = new Map<string, KillLane>();
  private readonly log: OccasionalLog;
  private isClosed = false;

  constructor(
    private readonly account: Account,
    private readonly limits: KillLimits,
    log: Logger,
  ) {
    this.log = new OccasionalLog(log, SAY_EVERY_MS);
  }

  /**
   * Kills the statement on exactly that connection, after the server's process list has confirmed the connection's
   * owner. Never rejects. Until the kill is settled, no further command may be sent on that connection. KillOutcome
   * tells what follows an `unknown`.
   * @param signal withdraws the kill; if the order has not been sent, the kill is settled at once
   */
  kill(target: KillTarget, signal: AbortSignal | null = null): Promise<KillOutcome> {
    if (this.isClosed) return Promise.resolve('failed');
    const kill = new PendingKill(target, this.limits.maxWaitingMs, () => this.warnLate(target), signal);
    this.laneOf(target).add(kill);
    return kill.outcome;
  }

  /** Closes all control connections. Kills under way and later ones fail. */
  close(): void {
    this.isClosed = true;
    for (const lane of this.lanes.values()) lane.close();
    this.lanes.clear();
  }

  private warnLate({ connectionId, remote }: KillTarget): void {
    const message = `kill: the order could not be sent within ${this.limits.maxWaitingMs} ms; ${NOT_KILLED}`;
    this.log.warn('late', { connectionId, upstream: formatPlace(remote.at) }, message);
  }

  private laneOf({ remote }: KillTarget): KillLane {
    const key = formatPlace(remote.at);
    const known = this.lanes.get(key);
    if (known !== undefined) return known;
    const settings = { account: this.account, encrypt: remote.encrypt, ...this.limits };
    const lane = new KillLane(remote, settings, this.log, () => this.lanes.delete(key));
    this.lanes.set(key, lane);
    return lane;
  }
}

export type { KillOutcome, KillTarget } from './pendingKill.js';

// The privileges of the account. No more are needed (found by trying, with MySQL 9.7 and MariaDB 10.11):
//
//     MySQL 8 and 9     GRANT PROCESS, CONNECTION_ADMIN ON *.* TO 'sluice'@'%';
//                       GRANT SYSTEM_USER ON *.* TO 'sluice'@'%';   to kill for accounts that have it too
//     MariaDB 10.5.2 on GRANT PROCESS, CONNECTION ADMIN ON *.* TO 'sluice'@'%';
//     older ones        GRANT PROCESS, SUPER ON *.* TO 'sluice'@'%';
//
// PROCESS shows it the connections of other accounts. For sessions of its own account it needs no privilege.

/** The bounds of killing, in time and number. */
export interface KillLimits {
  /** The time for connecting, encrypting and logging in. */
  readonly connectTimeoutMs: number;
  /** The time for the server's answer to one statement. */
  readonly answerTimeoutMs: number;
  /** The time from the call of `kill` until the order is sent. Later it is not sent any more. */
  readonly maxWaitingMs: number;
  /** The most kills that may wait at one upstream address. */
  readonly maxWaiting: number;
  /** The time for which an idle control connection is kept. */
  readonly idleMs: number;
  /** The pause after a failed control connection. */
  readonly retryAfterMs: number;
}

export const KILL_LIMITS: KillLimits = {
  connectTimeoutMs: 10_000,
  answerTimeoutMs: 10_000,
  maxWaitingMs: 10_000,
  maxWaiting: 100,
  idleMs: 60_000,
  retryAfterMs: 5_000,
};

/** The least time between two log lines of the same kind. */
const SAY_EVERY_MS = 60_000;

function killLimits(config: Config): KillLimits {
  return { ...KILL_LIMITS, connectTimeoutMs: config.connections.connectTimeoutMs };
}

/** The killer that the configuration describes; null if it describes none. */
export function killerFor(config: Config, log: Logger): Killer | null {
  return config.kill === null ? null : new Killer(config.kill, killLimits(config), log);
}

/** Reads servers' time-outs with the account that kills; null if there is no such account. */
export function timeoutsFor(config: Config): ServerTimeouts | null {
  return config.kill === null ? null : new ServerTimeouts({ account: config.kill, ...killLimits(config) });
}
