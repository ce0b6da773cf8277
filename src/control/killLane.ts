import { formatPlace } from '../config/address.js';
import type { OccasionalLog } from '../audit/occasionalLog.js';
import { ADVICE_ON_PRIVILEGES } from './killPrivileges.js';
import type { KillOutcome, KillTarget, PendingKill } from './pendingKill.js';
import { look, type Sighting } from './processList.js';
import { ServerRefusal } from './serverRefusal.js';
import { ControlConnection, type Remote, type ControlSettings } from './controlConnection.js';
import { errorText } from '../text/errorText.js';
import { ServerErrors } from '../protocol/errorCodes.js';
import { counted } from '../text/counted.js';
import type { Timer } from '../world/time.js';
import { world } from '../world/world.js';

/**
 * Kills statements at one upstream address, one after the other, over one control connection that is kept open for a
 * while.
 */
export class KillLane {
  private waiting: PendingKill[] = [];
  private current: PendingKill | null = null;
  private connection: ControlConnection | null = null;
  private isBusy = false;
  private isClosed = false;
  private idleTimer: Timer | undefined;
  private lastFailure: { readonly error: unknown; readonly untilMs: number } | null = null;

  /** @param onIdle is called when the lane has been idle for long and has closed its connection */
  constructor(
    private readonly remote: Remote,
    private readonly settings: LaneSettings,
    private readonly log: OccasionalLog,
    private readonly onIdle: () => void,
  ) {}

  /** Settles `kill`, sooner or later. */
  add(kill: PendingKill): void {
    this.waiting = this.waiting.filter((other) => !other.isSettled);
    if (this.waiting.length >= this.settings.maxWaiting) {
      this.warn('full', kill.target, `the queue is full: it holds ${counted(this.waiting.length, 'kill')}`);
      return kill.settle('failed');
    }
    this.waiting.push(kill);
    if (!this.isBusy) void this.work();
  }

  /** Ends all kills and the connection at once. */
  close(): void {
    this.isClosed = true;
    world.cancel(this.idleTimer);
    for (const kill of [...this.waiting, this.current]) kill?.callOff('failed');
    this.connection?.destroy(CLOSING);
  }

  private async work(): Promise<void> {
    this.isBusy = true;
    world.cancel(this.idleTimer);
    for (let kill = this.waiting.shift(); kill !== undefined; kill = this.waiting.shift()) {
      this.current = kill;
      if (!kill.isSettled) kill.settle(await this.perform(kill));
    }
    this.current = null;
    this.isBusy = false;
    this.idleTimer = world.after(this.settings.idleMs, () => this.retire()).unref();
  }

  private async perform(kill: PendingKill): Promise<KillOutcome> {
    const { target } = kill;
    try {
      const sighting = await this.look(target);
      // The connection may be gone since the kill was called off.
      if (kill.isSettled || this.connection === null) return 'withdrawn';
      if (sighting !== 'running') return this.leaveAlone(sighting, target);
      kill.markSent();
      await this.connection.query(`KILL QUERY ${target.connectionId}`);
      return 'killed';
    } catch (error) {
      return this.outcomeOf(error, kill);
    }
  }

  /** Looks the target up. If an open connection turns out to be dead, it is replaced once. */
  private async look(target: KillTarget): Promise<Sighting> {
    if (this.connection?.isOpen) {
      try {
        return await look(this.connection, target);
      } catch (error) {
        if (error instanceof ServerRefusal) throw error;
      }
    }
    return look(await this.connect(), target);
  }

  private async connect(): Promise<ControlConnection> {
    if (this.isClosed) throw new Error(CLOSING);
    const { lastFailure } = this;
    if (lastFailure !== null && world.nowMs() < lastFailure.untilMs) throw lastFailure.error;
    try {
      this.connection = new ControlConnection(this.remote, this.settings);
      await this.connection.logIn();
    } catch (error) {
      this.lastFailure = { error, untilMs: world.nowMs() + this.settings.retryAfterMs };
      throw error;
    }
    this.lastFailure = null;
    return this.connection;
  }

  private leaveAlone(sighting: Exclude<Sighting, 'running'>, target: KillTarget): KillOutcome {
    if (sighting === 'absent') this.renew();
    if (sighting !== 'idle') this.warn(sighting, target, sighting === 'absent' ? UNSEEN : MISMATCH);
    return 'no-match';
  }

  private outcomeOf(error: unknown, kill: PendingKill): KillOutcome {
    const message = errorText(error);
    const notKilled = kill.isSettled ? CALLED_OFF : NOT_KILLED;
    if (!(error instanceof ServerRefusal)) {
      // Destroy it before the kill settles, so that no waiting order goes out afterwards.
      this.connection?.destroy(message);
      this.warn('unreachable', kill.target, message, kill.isSent ? SENT : notKilled);
      return kill.isSent ? 'unknown' : 'failed';
    }
    if (error.code === ServerErrors.NO_SUCH_THREAD.code) return 'no-match';
    this.renew();
    const advice = NOT_ALLOWED.includes(error.code) ? `; ${ADVICE_ON_PRIVILEGES}` : '';
    this.warn('refused', kill.target, `${message}${advice}`, notKilled);
    return 'failed';
  }

  /** Uses a new connection next time, because an open connection keeps the privileges of its login. */
  private renew(): void {
    this.connection?.quit();
    this.connection = null;
  }

  private retire(): void {
    this.renew();
    this.onIdle();
  }

  private warn(kind: string, target: KillTarget, reason: string, consequence = NOT_KILLED): void {
    if (this.isClosed) return;
    const { connectionId, remote } = target;
    this.log.warn(kind, { connectionId, upstream: formatPlace(remote.at) }, `kill: ${reason}; ${consequence}`);
  }
}

/** The bounds of the kills at one upstream address. */
export interface LaneSettings extends ControlSettings {
  /** The most kills that may wait. A further one fails at once. */
  readonly maxWaiting: number;
  /** The time for which an idle control connection is kept. */
  readonly idleMs: number;
  /** The pause after a failed connection. Servers lock out a host that fails again and again. */
  readonly retryAfterMs: number;
}

/** Refusals of a kill because a privilege is missing. */
const NOT_ALLOWED: readonly number[] = [
  ServerErrors.KILL_DENIED_ERROR.code, ServerErrors.SPECIFIC_ACCESS_DENIED_ERROR.code,
];

const CLOSING = 'Sluice is shutting down';
const UNSEEN = 'the process list does not show the connection: it is gone, or kill.user has no privilege PROCESS, ' +
  'or the server is behind another proxy';
const MISMATCH = 'the process list shows another user, host or port for the connection: is the server behind ' +
  'another proxy?';
/** The consequence: the end of every log line. */
export const NOT_KILLED = 'the statement is not killed; if its response was cut, Sluice discards the rest';
const SENT = 'it is not known whether the statement was killed';
const CALLED_OFF = 'the order was called off before';
