import type { ServerPlan } from '../plan.js';
import type { Stage } from '../stage.js';
import type { NetEnd } from '../world/netEnd.js';
import { ServerConnection } from './serverConnection.js';

/** The account that kills, in the settings of all worlds. */
export const KILLER = { user: 'killer', password: 'secret' } as const;

/** A MariaDB or MySQL server: its connections, its process list, its KILL. */
export class ServerModel {
  readonly connections = new Map<number, ServerConnection>();
  private lastId = 0;
  private stopListening: (() => void) | null = null;

  constructor(readonly index: number, readonly plan: ServerPlan, readonly stage: Stage) {}

  get name(): string {
    return `server ${this.index}`;
  }

  start(): void {
    this.stopListening ??= this.stage.listen(this.index, (end) => this.accept(end));
  }

  /** The process dies: all connections are reset, and for this long none is accepted. */
  crash(forMs: number): void {
    this.stage.news.tell(`${this.name} dies`);
    this.away(forMs);
    for (const connection of [...this.connections.values()]) connection.reset('crashed');
  }

  /** It shuts down in order. */
  shutDown(forMs: number): void {
    this.stage.news.tell(`${this.name} shuts down`);
    this.away(forMs);
    for (const connection of [...this.connections.values()]) connection.shutDown();
  }

  /** Takes no connections any more. */
  stop(): void {
    this.stopListening?.();
    this.stopListening = null;
  }

  /**
   * Kills the statement that a connection runs at this moment.
   * @returns whether there is such a connection
   */
  kill(id: number): boolean {
    const victim = this.connections.get(id);
    victim?.kill();
    return victim !== undefined;
  }

  private away(forMs: number): void {
    this.stop();
    this.stage.after(forMs, () => this.start());
  }

  private accept(end: NetEnd): void {
    this.lastId += 1;
    const id = this.index * 1000 + this.lastId;
    const connection = new ServerConnection(this, id, end, () => this.connections.delete(id));
    this.connections.set(id, connection);
  }
}
