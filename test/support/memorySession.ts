import type { Test } from 'tap';
import type { Config } from '../../src/config/config.js';
import { OccasionalLog } from '../../src/audit/occasionalLog.js';
import { Budget } from '../../src/policy/budget.js';
import { Guard } from '../../src/policy/guard.js';
import { Sampler } from '../../src/policy/sampler.js';
import { clientAddressAt } from '../../src/relay/connection/clientAddress.js';
import { UpstreamConnection } from '../../src/relay/connection/upstreamConnection.js';
import { UpstreamHealth } from '../../src/relay/connection/upstreamHealth.js';
import { BypassWarnings } from '../../src/relay/pace/socketQuestion.js';
import type { SocketQueues } from '../../src/relay/pace/socketQueues.js';
import { StallWatch } from '../../src/relay/pace/stallWatch.js';
import { Session } from '../../src/relay/session/session.js';
import type { Shared } from '../../src/relay/shared.js';
import { Encryption, type SessionEncryption } from '../../src/relay/tls/encryption.js';
import { History } from '../../src/telemetry/history.js';
import { Metrics } from '../../src/telemetry/metrics.js';
import { load } from '../config/configFile.js';
import { converseOver, End, type Pair } from './pairs.js';
import type { Turn } from './conversationHarness.js';
import type { SomeParts } from './fakeSession.js';
import type { Entry, ProxySettings } from './inProcess.js';
import { keptLog } from './keptLog.js';
import { memoryPair, settled } from './memorySocket.js';
import { MemoryServers } from './memoryServers.js';
import { login } from './wirePackets.js';

/** The answer of a kernel that knows nothing of a client. */
const UNKNOWN: SocketQueues = {
  unacknowledgedBytes: null, unreadBytes: null, isClientFull: false, hasClientEnded: false,
};
const SERVER = { host: 'db', port: 3306 };

/** The remains of a session that has ended. */
export const NOTHING_LEFT = { stalls: 0, budgetBytes: 0, open: 0 };

/** A session between two ends in memory, with all parts of a real one. */
export interface MemorySession extends Pair {
  readonly session: Session;
  /** The parts that it shares with other sessions; a test may replace one, as a reload does. */
  readonly shared: { -readonly [Key in keyof Shared]: Shared[Key] };
  readonly records: Record<string, unknown>[];
  readonly log: Entry[];
  /** The events that its observer got. */
  readonly told: ('parted' | 'ended')[];
  /** Plays turns, each after those before it were heard; then both ends forget what they heard. */
  play(...turns: readonly Turn[]): Promise<void>;
  /** The log lines about its end: one, once it has ended. */
  endings(): readonly Entry[];
  /** Its remains in shared parts and connections: nothing, once it has ended. */
  left(): object;
}

export interface MemorySessionOptions {
  /** Parts in place of those that the settings make. */
  readonly shared?: SomeParts<Shared>;
  /** Bytes that the client sent before its server was connected. */
  readonly early?: Buffer;
  /** The encryption of its connections; that of the settings by default. */
  readonly encryption?: SessionEncryption;
}

/** Settings in the form of a configuration file, for clients and servers in memory: no connection is encrypted. */
export const memorySettings = (t: Test, settings: ProxySettings = {}): Config => {
  const { upstreamTls = { mode: 'off' }, ...rest } = settings;
  const listen = { host: '10.0.0.1', port: 3306, tls: { mode: 'off' } };
  return load(t, { listen, upstream: { ...SERVER, tls: upstreamTls }, ...rest });
};

/** Begins a session whose server has not said anything yet. */
export const beginSession = async (
  t: Test, settings: ProxySettings = {}, options: MemorySessionOptions = {},
): Promise<MemorySession> => {
  const config = memorySettings(t, settings);
  const { log, entries } = keptLog();
  const records: Record<string, unknown>[] = [];
  const servers = new MemoryServers(t);
  const encryption = new Encryption(config, {}, log);
  const shared = Object.defineProperties({
    config, encryption, metrics: new Metrics(), guard: new Guard(config, () => 0), statistics: null,
    budget: new Budget(config.budget.bytes), sampler: new Sampler(config.audit.sample, () => 0, () => undefined),
    audit: { write: (record: object) => void records.push({ ...record }) },
    queues: { lookAt: () => Promise.resolve(UNKNOWN), intervalMs: 5 },
    pace: { allArrives: () => Promise.resolve(true), readMark: () => Promise.resolve(null) },
    stalls: new StallWatch(), bypasses: new BypassWarnings(log), occasions: new OccasionalLog(log, 0),
    upstreams: new UpstreamHealth({ log, metrics: new Metrics(), history: new History(), probe: async () => true }),
    killer: null, timeouts: null,
  }, Object.getOwnPropertyDescriptors(options.shared ?? {})) as unknown as MemorySession['shared'];
  const { accepted, connected } = memoryPair();
  const clientAddress = clientAddressAt(accepted);
  const upstream = new UpstreamConnection(config.upstream[0]!, clientAddress.ends, 0);
  const server = await servers.next();
  const told: MemorySession['told'] = [];
  const own = options.encryption ?? encryption.between(config.listen[0]!, config.upstream[0]!);
  const early = options.early ?? Buffer.alloc(0);
  const session = new Session(
    { id: 7, client: accepted, early, clientAddress, upstream, encryption: own, startedAtMs: performance.now() },
    shared, log, { parted: () => void told.push('parted'), ended: () => void told.push('ended') },
  );
  const client = new End(connected);
  t.teardown(() => {
    session.destroy('the test is over', ['sluice', 'stopped']);
    for (const { socket } of [client, server]) socket.destroy();
  });
  const pair = { client, server, address: clientAddress.text };
  return {
    ...pair, session, shared, records, log: entries, told,
    play: async (...turns) => {
      await converseOver(pair, turns);
      await settled();
      client.forget();
      server.forget();
    },
    endings: () => entries.filter(({ msg }) => msg === 'session ended'),
    left: () => ({
      stalls: shared.stalls.count, budgetBytes: shared.budget.usedBytes,
      open: [session.connections.clientTcp, session.connections.upstreamTcp].filter(({ closed }) => !closed).length,
    }),
  };
};

/** Begins a session, and lets its client in. */
export const startSession = async (
  t: Test, settings: ProxySettings = {}, options: MemorySessionOptions = {},
): Promise<MemorySession> => {
  const session = await beginSession(t, settings, options);
  await session.play(...login('eof'));
  return session;
};
