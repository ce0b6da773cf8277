/** The size of the loads. */
export interface Scale {
  readonly rounds: number;
  /** A result from the synthetic server, in bytes. */
  readonly bulkBytes: number;
  /** A result from a real server, which generates its rows at its own pace. */
  readonly serverBytes: { readonly small: number; readonly large: number };
  readonly pointSeconds: number;
  readonly pointConnections: readonly number[];
  readonly churnSeconds: number;
  /** Sessions of a process that has just been started. */
  readonly coldSessions: number;
  readonly idleSessions: readonly number[];
  /** The idle time of a process before its memory is measured: V8 gives memory back when idle. */
  readonly settleMs: number;
  readonly stalledSessions: number;
  readonly askSeconds: number;
  /** The time for which each slow reader reads, and the server's time-out for it. */
  readonly slowReader: { readonly seconds: number; readonly netWriteTimeoutSeconds: number };
  readonly curveBytes: readonly number[];
  readonly curveSessions: readonly number[];
}

const KB = 1000;
const MB = 1000 * KB;
const GB = 1000 * MB;

export const WHOLE: Scale = {
  rounds: 5,
  bulkBytes: 2 * GB,
  serverBytes: { small: 100 * MB, large: 1 * GB },
  pointSeconds: 5,
  pointConnections: [1, 4, 64],
  churnSeconds: 4,
  coldSessions: 500,
  idleSessions: [1000, 9000],
  settleMs: 12_000,
  stalledSessions: 100,
  askSeconds: 3,
  slowReader: { seconds: 60, netWriteTimeoutSeconds: 5 },
  curveBytes: [KB, 10 * KB, 100 * KB, MB, 10 * MB, 100 * MB, GB, 10 * GB],
  curveSessions: [1, 10, 100, 1000, 3000, 9000],
};

export const QUICK: Scale = {
  rounds: 2,
  bulkBytes: 100 * MB,
  serverBytes: { small: 2 * MB, large: 20 * MB },
  pointSeconds: 1,
  pointConnections: [1, 4, 64],
  churnSeconds: 1,
  coldSessions: 100,
  idleSessions: [100, 400],
  settleMs: 1500,
  stalledSessions: 10,
  askSeconds: 0.5,
  slowReader: { seconds: 6, netWriteTimeoutSeconds: 3 },
  curveBytes: [KB, 100 * KB, 10 * MB, 100 * MB],
  curveSessions: [1, 30, 300],
};
