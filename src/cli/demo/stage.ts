import type { Logger } from 'pino';
import type { AuditLog } from '../../audit/auditLog.js';
import type { Address, Config } from '../../config/config.js';
import { isSocketFile } from '../../config/address.js';
import { DemoClient } from '../../demo/client.js';
import { type DemoServer, startDemoServer } from '../../demo/server.js';
import { type Proxy, startProxy } from '../../relay/proxy.js';
import { world } from '../../world/world.js';

/** The embedded server with three proxies in front of it: one that cuts, one that only records, one without limits. */
export class Stage {
  private constructor(
    readonly config: Config,
    readonly server: DemoServer,
    readonly enforcing: Guarded,
    readonly auditing: Guarded,
    readonly unlimited: Guarded,
  ) {}

  /**
   * Starts the server and the proxies.
   * @param configFor makes the configuration of the proxy that cuts, from the server's address
   * @throws the system's error if the proxy cannot listen on its address
   */
  static async set(configFor: (upstream: Address) => Config, log: Logger): Promise<Stage> {
    const server = await startDemoServer();
    const config = configFor(server.address);
    try {
      const enforcing = await guarded(config, log);
      const anyPort = config.listen.map((listen) => ({ ...listen, at: { host: enforcing.address.host, port: 0 } }));
      const auditing = await guarded({ ...config, listen: anyPort, mode: 'audit' }, log);
      const limits = { rows: Infinity, bytes: Infinity };
      const unlimited = await guarded({ ...config, listen: anyPort, limits }, log);
      return new Stage(config, server, enforcing, auditing, unlimited);
    } catch (error) {
      await server.close();
      throw error;
    }
  }

  /** Connects a client to the server itself or to one of the proxies. */
  connect({ host, port }: Address): Promise<DemoClient> {
    return DemoClient.connect({ host, port, user: 'demo', schema: 'demo', program: 'sluice demo' });
  }

  /** Ends all connections and stops listening. */
  async strike(): Promise<void> {
    const proxies = [this.enforcing, this.auditing, this.unlimited].map(({ proxy }) => proxy);
    const closed = proxies.map((proxy) => proxy.close());
    for (const proxy of proxies) proxy.destroy();
    await Promise.all([...closed, this.server.close()]);
  }
}

/** The fields of an audit record that the demo reads. An audit log writes the time before them. */
export interface DemoRecord {
  readonly time: string;
  readonly action: string;
  readonly reason: string;
  readonly rows: number;
  readonly bytes: number;
  readonly forwardedRows: number;
  readonly forwardedBytes: number;
}

/** The longest wait for a record. Discarding the largest table takes less. */
const RECORD_TIMEOUT_MS = 30_000;

/** Keeps the records of one proxy for the demo. */
class RecordKeeper implements AuditLog {
  readonly #records: DemoRecord[] = [];
  #onRecord: (record: DemoRecord) => void = (record) => this.#records.push(record);

  write(record: object): void {
    this.#onRecord({ time: new Date(world.dateMs()).toISOString(), ...(record as Omit<DemoRecord, 'time'>) });
  }

  close(): Promise<{ lostLines: number; hangs: boolean }> {
    return Promise.resolve({ lostLines: 0, hangs: false });
  }

  /** The next record that has not been taken; null if none comes in time. */
  next(): Promise<DemoRecord | null> {
    const waiting = this.#records.shift();
    if (waiting !== undefined) return Promise.resolve(waiting);
    return new Promise((resolve) => {
      const done = (record: DemoRecord | null): void => {
        world.cancel(timer);
        this.#onRecord = (later) => this.#records.push(later);
        resolve(record);
      };
      const timer = world.after(RECORD_TIMEOUT_MS, () => done(null));
      this.#onRecord = done;
    });
  }

  /** Calls back with every record from now on. */
  forEach(observer: (record: object) => void): void {
    this.#onRecord = observer;
  }
}

/** A proxy with the records that it writes. */
export interface Guarded {
  readonly proxy: Proxy;
  /** Its address, with the real port. */
  readonly address: Address;
  readonly records: RecordKeeper;
}

async function guarded(config: Config, log: Logger): Promise<Guarded> {
  const records = new RecordKeeper();
  const proxy = await startProxy(config, log, records);
  const [place] = proxy.places;
  if (place === undefined || isSocketFile(place)) throw new Error('the demo listens on a TCP address');
  return { proxy, address: place, records };
}
