import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { Metrics } from '../../src/telemetry/metrics.js';
import type { SinkEnd } from '../../src/audit/lineSink.js';
import { loadConfig } from '../../src/config/load.js';
import type { Config } from '../../src/config/config.js';
import { startProxy, type Proxy } from '../../src/relay/proxy.js';
import { formatPlace } from '../../src/config/address.js';

/** A line of the log. */
export interface Entry {
  readonly level: string;
  readonly msg: string;
  readonly session?: number;
  /** The client's address and port. */
  readonly client?: string;
  readonly by?: string;
  readonly reason?: string;
  readonly [key: string]: unknown;
}

export interface ProxyHere {
  readonly proxy: Proxy;
  /** Its metrics. */
  readonly metrics: Metrics;
  readonly port: number;
  /** The ports of all listeners, in order. */
  readonly ports: readonly number[];
  /** Its log lines from level `debug` on; may be emptied. */
  readonly log: Entry[];
  /** Its records; may be emptied. */
  readonly records: Record<string, unknown>[];
  /** The log line about the end of the session of the client at this address, once it has ended. */
  ended(client: string): Promise<Entry>;
  /** Ends it and all its sessions. */
  stop(): Promise<void>;
}

const load = (config: object): ReturnType<typeof loadConfig> => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-config-'));
  try {
    const file = join(folder, 'sluice.json');
    writeFileSync(file, JSON.stringify(config));
    return loadConfig({ config: file }, {});
  } finally {
    rmSync(folder, { recursive: true });
  }
};

/** Settings besides the upstream's address. Clients are offered no TLS when `listen` is left out. */
export interface ProxySettings extends Partial<Record<keyof Config, unknown>> {
  /** As `upstream.tls`. Left out, the connection to the server is in clear, for servers that the test plays. */
  readonly upstreamTls?: object;
}

/** Starts a proxy in this process, in front of `upstream` on loopback, so that a test can look inside. */
export const startProxyHere = async (upstream: number, settings: ProxySettings = {}): Promise<ProxyHere> => {
  const { upstreamTls = { mode: 'off' }, ...config } = settings;
  const log: Entry[] = [];
  const records: Record<string, unknown>[] = [];
  const waiting = new Map<string, (entry: Entry) => void>();
  const ends = new Map<string, Entry>();
  const formatters = { level: (level: string) => ({ level }) };
  const logger = pino({ level: 'debug', base: null, formatters }, {
    write: (line) => {
      const entry = JSON.parse(line) as Entry;
      log.push(entry);
      if (entry.msg !== 'session ended') return;
      const client = entry.client ?? '';
      const tell = waiting.get(client);
      waiting.delete(client);
      if (tell) tell(entry);
      else ends.set(client, entry);
    },
  });
  const audit = {
    write: (record: object) => void records.push({ ...record }),
    close: async (): Promise<SinkEnd> => ({ lostLines: 0, hangs: false }),
  };
  const listen = { host: '127.0.0.1', port: 0, tls: { mode: 'off' } };
  const addresses = { listen, upstream: { host: '127.0.0.1', port: upstream, tls: upstreamTls } };
  const metrics = new Metrics();
  const proxy = await startProxy(load({ ...addresses, ...config }), logger, audit, metrics);
  const ports = proxy.places.map((place) => Number(formatPlace(place).split(':').at(-1)));
  return {
    proxy, metrics, log, records,
    port: ports[0]!,
    ports,
    ended: (client) => new Promise((resolve) => {
      const entry = ends.get(client);
      ends.delete(client);
      if (entry) resolve(entry);
      else waiting.set(client, resolve);
    }),
    stop: async () => {
      const closed = proxy.close();
      proxy.destroy();
      await closed;
    },
  };
};
