import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Scope } from './lifetimes.js';
import type { Answer, Envelope, Order, Outcome, SharedOrder } from './orders.js';
import { keep } from './relays.js';

/** A process that makes load. */
class Driver {
  private lastId = 0;

  constructor(private readonly child: ChildProcess) {}

  static async start(scope: Scope): Promise<Driver> {
    const child = fork(fileURLToPath(new URL('driver.js', import.meta.url)), { stdio: 'inherit' });
    child.setMaxListeners(0);
    await keep(scope, child);
    return new Driver(child);
  }

  obey(order: Order): Promise<Outcome> {
    this.lastId += 1;
    const id = this.lastId;
    return new Promise((resolve, reject) => {
      const onExit = (): void => reject(new Error('a driver has ended'));
      const onMessage = (answer: Answer): void => {
        if (answer.id !== id) return;
        this.child.off('message', onMessage).off('exit', onExit);
        if (answer.outcome !== undefined) resolve(answer.outcome);
        else reject(new Error(answer.error));
      };
      this.child.on('message', onMessage).on('exit', onExit);
      this.child.send({ id, order } satisfies Envelope);
    });
  }
}

/** The processes that make load. A single one would be the bottleneck for short sessions. */
export class Drivers {
  private constructor(private readonly drivers: readonly Driver[]) {}

  static async start(scope: Scope, count: number): Promise<Drivers> {
    return new Drivers(await Promise.all(Array.from({ length: count }, () => Driver.start(scope))));
  }

  /** Has one process do it. */
  one(order: Order): Promise<Outcome> {
    return this.drivers[0]!.obey(order);
  }

  /** Has one process do it while another does `other`. Returns both results, that of `other` second. */
  beside(order: Order, other: Order): Promise<[Outcome, Outcome]> {
    return Promise.all([this.drivers[0]!.obey(order), this.drivers[1]!.obey(other)]);
  }

  /** Has all processes do it, each with its part of the sessions, and adds their results up. */
  async all(order: SharedOrder): Promise<Outcome> {
    const count = this.drivers.length;
    const outcomes = await Promise.all(this.drivers.map((driver, index) =>
      driver.obey(partOf(order, index, count))));
    return {
      count: outcomes.reduce((sum, outcome) => sum + outcome.count, 0),
      bytes: outcomes.reduce((sum, outcome) => sum + outcome.bytes, 0),
      elapsedSeconds: Math.max(...outcomes.map((outcome) => outcome.elapsedSeconds)),
    };
  }

  /** Ends all sessions that are kept open. */
  async release(): Promise<void> {
    await Promise.all(this.drivers.map((driver) => driver.obey({ kind: 'release' })));
  }
}

/** The part of an order for one of `count` processes. */
const partOf = (order: SharedOrder, index: number, count: number): SharedOrder => {
  const share = (whole: number): number => Math.floor((whole + index) / count);
  const part = { ...order, sessions: share(order.sessions) };
  return part.kind === 'churn' && 'times' in part.until ? { ...part, until: { times: share(part.until.times) } } : part;
};

/** Starts the synthetic server, which costs next to nothing. Returns its port. */
export const startSyntheticServer = async (scope: Scope): Promise<number> => {
  const child = fork(fileURLToPath(new URL('syntheticServer.js', import.meta.url)), { stdio: 'inherit' });
  await keep(scope, child);
  const [port] = (await once(child, 'message')) as [number];
  return port;
};
