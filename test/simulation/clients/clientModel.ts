import type { ClientPlan } from '../plan.js';
import type { Stage } from '../stage.js';
import { ClientConnection } from './clientConnection.js';

/** An application with a driver: it works through its script, and connects again if it loses a connection. */
export class ClientModel {
  isOver = false;
  /** The connection in use; null before the first and after the last. */
  connection: ClientConnection | null = null;
  private connections = 0;

  constructor(readonly plan: ClientPlan, readonly stage: Stage) {}

  start(): void {
    this.stage.after(this.plan.startsAtMs, () => void this.run());
  }

  private async run(): Promise<void> {
    try {
      await this.work();
    } catch (error) {
      this.stage.violations.add('models', `${this.plan.name} failed: ${(error as Error).stack}`);
    }
    this.isOver = true;
    this.stage.news.note(`over ${this.plan.name}`);
  }

  private async work(): Promise<void> {
    const { plan } = this;
    for (const step of plan.script) {
      while (this.connection === null || !this.connection.isUsable) {
        if (this.connections >= MAX_CONNECTIONS) return;
        if (!await this.connect()) await this.sleep(RETRY_AFTER_MS);
      }
      if (step.do === 'wait') await this.sleep(step.ms);
      else await this.connection.perform(step);
    }
    await this.connection?.leave(plan.ending);
  }

  /** Connects and logs in. Returns whether that has worked. */
  private async connect(): Promise<boolean> {
    this.connections += 1;
    this.connection = new ClientConnection(this.plan, this.stage, `${this.plan.name}x${this.connections}`);
    return this.connection.logIn();
  }

  private sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.stage.after(ms, resolve));
  }
}

/** A client gives up after this many connections. */
const MAX_CONNECTIONS = 4;
const RETRY_AFTER_MS = 300;
