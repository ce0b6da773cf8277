// The parts of workers that the program needs before it loads them.

import type { EventSink } from '../telemetry/history.js';
import type { Metrics } from '../telemetry/metrics.js';
import type { AuditLog } from '../audit/auditLog.js';
import type { Log } from '../audit/log.js';

/** The parts that the primary needs to start its workers. */
export interface PrimaryParts {
  readonly log: Log;
  /** Receives the records of all workers. */
  readonly audit: Pick<AuditLog, 'write'>;
  /** The counters of the primary itself. */
  readonly metrics: Metrics;
  readonly history: EventSink;
  readonly version: string;
}

/** The code of the error if workers cannot be started. */
export const NO_WORKERS = 'NO_WORKERS';
