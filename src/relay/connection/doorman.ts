import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import type { Metrics } from '../../telemetry/metrics.js';
import { callerAt } from './clientAddress.js';
import { refuse, tooManyConnections } from './refusal.js';

/** Clients that are told why they are turned away; beyond them connections are closed without a word. */
const MAX_REFUSED = 1000;

/** Turns away the clients for whom there is no place. */
export class Doorman {
  private refusedCount = 0;

  constructor(private readonly log: Logger, private readonly metrics: Metrics) {}

  /** @param max how many are let in at the same time */
  turnAway(client: Socket, max: number): void {
    this.log.warn({ client: callerAt(client).text, max }, 'connections.max is reached: a client is turned away');
    this.refuse(client, tooManyConnections(max));
  }

  /** @param packet what is said to the client, in place of a greeting */
  refuse(client: Socket, packet: Buffer): void {
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
