// The status of the workers when there are none.

import type { Metrics } from '../telemetry/metrics.js';
import type { AuditLog } from '../audit/auditLog.js';
import type { Log } from '../audit/log.js';

/** What the primary needs to start its workers. */
export interface PrimaryParts {
  readonly log: Log;
  /** Takes the records of all workers. */
  readonly audit: Pick<AuditLog, 'write'>;
  /** Where the primary itself counts. */
  readonly metrics: Metrics;
  readonly version: string;
}

/** The code of the error where workers cannot be started. */
export const NO_WORKERS = 'NO_WORKERS';
