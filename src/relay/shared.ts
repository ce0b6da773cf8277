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
import type { UpstreamHealth } from './connection/upstreamHealth.js';

/**
 * The parts that all sessions of a proxy share. They are live: a reload replaces some of them. So code that keeps this
 * object reads a part when it needs one. `SharedAtArrival` is the snapshot.
 */
export interface Shared {
  readonly config: Config;
  readonly guard: Guard;
  readonly budget: Budget;
  readonly audit: Pick<AuditLog, 'write'>;
  readonly metrics: Metrics;
  readonly sampler: Sampler;
  /** Null if nothing can show them. */
  readonly statistics: LiveStatistics | null;
  readonly queues: SocketQueueReader;
  readonly pace: PaceWatch;
  readonly stalls: StallWatch;
  readonly encryption: Encryption;
  readonly bypasses: BypassWarnings;
  /** Knows which servers have failed lately. */
  readonly upstreams: UpstreamHealth;
  /** Logs events that every client may cause: at most one line of each kind per period. */
  readonly occasions: OccasionalLog;
  /** Null if nothing is killed. */
  readonly killer: Killer | null;
  /** Null if there is no account to ask the servers with. */
  readonly timeouts: ServerTimeouts | null;
}

/** The parts of `Shared` that an arriving client uses, as they were when it was accepted. No reload changes them. */
export interface SharedAtArrival extends Pick<Shared, 'config' | 'encryption' | 'metrics' | 'upstreams'> {}

/** Takes the snapshot of these parts. */
export function atArrival({ config, encryption, metrics, upstreams }: Shared): SharedAtArrival {
  return { config, encryption, metrics, upstreams };
}
