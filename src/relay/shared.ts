import type { LiveStatistics } from '../telemetry/liveStatistics.js';
import type { Metrics } from '../telemetry/metrics.js';
import type { AuditLog } from '../audit/auditLog.js';
import type { Config } from '../config/config.js';
import type { Budget } from '../policy/budget.js';
import type { Guard } from '../policy/guard.js';
import type { Sampler } from '../policy/sampler.js';
import type { Encryption } from './tls/encryption.js';
import type { Killer } from '../control/killer.js';
import type { PaceWatch } from './pace/paceWatch.js';
import type { SocketQueueReader } from './pace/socketQueues.js';
import type { OccasionalLog } from '../audit/occasionalLog.js';
import type { ServerTimeouts } from '../control/serverTimeouts.js';
import type { BypassWarnings } from './pace/socketQuestion.js';
import type { StallWatch } from './pace/stallWatch.js';
import type { Connect } from './connection/upstreamConnection.js';
import type { UpstreamHealth } from './connection/upstreamHealth.js';

/**
 * What all sessions of a proxy have in common. It is live: a reload replaces parts of it, so code that keeps it reads a
 * part when it needs one. `SharedAtArrival` is the snapshot.
 */
export interface Shared {
  readonly config: Config;
  readonly guard: Guard;
  readonly budget: Budget;
  readonly audit: Pick<AuditLog, 'write'>;
  readonly metrics: Metrics;
  readonly sampler: Sampler;
  /** Null where nobody can look at them. */
  readonly statistics: LiveStatistics | null;
  readonly queues: SocketQueueReader;
  readonly pace: PaceWatch;
  readonly stalls: StallWatch;
  readonly encryption: Encryption;
  readonly bypasses: BypassWarnings;
  /** How the connections of sessions to servers are made. */
  readonly connect: Connect;
  /** Which servers have failed lately. */
  readonly upstreams: UpstreamHealth;
  /** Says what may happen with every client. */
  readonly occasions: OccasionalLog;
  /** Null where nothing is killed. */
  readonly killer: Killer | null;
  /** Null where there is no account to ask the servers with. */
  readonly timeouts: ServerTimeouts | null;
}

/** The parts of `Shared` that an arrival uses, as they were when its client was accepted. A reload changes none. */
export interface SharedAtArrival extends Pick<Shared, 'config' | 'connect' | 'encryption' | 'metrics' | 'upstreams'> {}

/** Takes that snapshot. */
export function atArrival({ config, connect, encryption, metrics, upstreams }: Shared): SharedAtArrival {
  return { config, connect, encryption, metrics, upstreams };
}
