import type { Socket } from 'node:net';
import { encodeErr } from '../../protocol/packets.js';
import type { Logger } from 'pino';
import type { EventSink } from '../../telemetry/history.js';
import type { Metrics } from '../../telemetry/metrics.js';
import { clientAddressAt } from './clientAddress.js';
import { MemoryCgroup } from '../../config/cgroup.js';
import { MemoryWatch } from './memoryWatch.js';
import { OccasionalLog } from '../../audit/occasionalLog.js';
import { type ErrorNumber, ServerErrors } from '../../protocol/errorCodes.js';
import { world } from '../../world/world.js';

/** The ERR packet for a client whose upstream server is not available. It replaces the greeting. */
export function upstreamUnavailable(message: string): Buffer {
  return beforeGreeting(ServerErrors.CONNECT_TO_FOREIGN_DATA_SOURCE, message);
}

/** The ERR packet for a client beyond `connections.max`. It replaces the greeting. */
function tooManyConnections(max: number): Buffer {
  return beforeGreeting(ServerErrors.CON_COUNT_ERROR, `Too many connections: connections.max is ${max}`);
}

/** The ERR packet for a client for whose session there is too little memory. It replaces the greeting. */
function tooLittleMemory(): Buffer {
  return beforeGreeting(ServerErrors.CON_COUNT_ERROR, 'Too many connections: the memory limit of Sluice is near');
}

/** Before the greeting no capability is agreed, so an ERR packet carries no SQLSTATE. (MySQL 9.7, `net_send_error`.) */
function beforeGreeting({ code }: ErrorNumber, message: string): Buffer {
  return encodeErr(0, { code, sqlState: '', message: `sluice: ${message}` });
}

/** The longest wait for a client to read its refusal. */
const REFUSAL_TIMEOUT_MS = 2000;

/** Sends a client its last packet, then closes. */
export function refuse(client: Socket, packet: Buffer): void {
  const timer = world.after(REFUSAL_TIMEOUT_MS, () => client.destroy());
  client.on('close', () => world.cancel(timer));
  client.end(packet, () => client.destroy());
}

/** The shortest time between two lines of the log, and two events, for the same reason. */
const SAY_EVERY_MS = 60_000;

/** The most refused clients at a time that get an error. Further connections are closed at once. */
const MAX_REFUSED = 1000;

/** The reason why there is no session for a client. */
type TurnedAway = 'connections.max' | 'memory' | 'workers';

/** Turns clients away, and bounds the number of errors that are being sent. */
export class Refusals {
  private refusedCount = 0;
  private readonly occasions: OccasionalLog;

  constructor(
    log: Logger, private readonly metrics: Metrics, private readonly history: EventSink,
    private readonly memory = new MemoryWatch(new MemoryCgroup()),
  ) {
    this.occasions = new OccasionalLog(log, SAY_EVERY_MS);
  }

  /**
   * Turns a client away if there is no room for its session.
   * @param sessions the number of clients that are admitted now
   * @param max the most that are admitted at the same time
   * @returns whether it is turned away
   */
  turnAway(client: Socket, sessions: number, max: number): boolean {
    if (sessions >= max) {
      this.tell(client, 'connections.max', { sessions, max }, 'connections.max is reached: a client is turned away');
      this.refuse(client, tooManyConnections(max));
      return true;
    }
    // The memory of ended sessions is freed only while others run. So a single one is always let in.
    const shortage = sessions === 0 ? null : this.memory.shortage;
    if (shortage === null) return false;
    const { limitBytes, usedBytes } = shortage;
    const message = 'the memory limit is near: a client is turned away';
    this.tell(client, 'memory', { sessions, limitBytes, usedBytes }, message);
    this.metrics.memoryRefusals += 1;
    this.refuse(client, tooLittleMemory());
    return true;
  }

  /**
   * Whether a client that comes now is turned away because memory is short.
   * @param sessions as for `turnAway`
   */
  isMemoryShort(sessions: number): boolean {
    return sessions > 0 && this.memory.foresee() !== null;
  }

  /** Turns a client away because there is no worker for its session. */
  noWorker(client: Socket): void {
    this.tell(client, 'workers', {}, 'no worker can take a connection: a client is turned away');
    this.refuse(client, upstreamUnavailable('no worker can take the connection; try again later'));
  }

  /** Says in the log and in the events that clients are turned away, however many there are. */
  private tell(client: Socket, reason: TurnedAway, facts: Readonly<Record<string, number>>, message: string): void {
    const details = { client: clientAddressAt(client).text, ...facts };
    if (!this.occasions.warn(reason, details, message)) return;
    this.history.note('turned-away', { reason, ...details, inAll: this.metrics.turnedAway + 1, message });
  }

  /** @param packet an ERR packet in place of the greeting */
  private refuse(client: Socket, packet: Buffer): void {
    client.on('error', () => {}); // it is closed anyway
    this.metrics.turnedAway += 1;
    if (this.refusedCount >= MAX_REFUSED) {
      client.destroy();
      return;
    }
    this.refusedCount += 1;
    client.on('close', () => (this.refusedCount -= 1));
    refuse(client, packet);
  }
}
