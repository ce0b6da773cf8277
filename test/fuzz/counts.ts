import { askPort } from '../admin/administered.js';

// Compares the metrics with what the fuzzer saw.

const SAMPLE = /^(?<name>[a-z][a-z0-9_]*)(?:\{(?:[a-z]+="(?:[^"\\]|\\.)*",?)*\})? (?<value>[-+0-9.e]+|\+Inf|NaN)$/;

/** The metric that counts the records with this action. */
const METRICS: Readonly<Record<string, string>> = {
  'cut': 'sluice_cuts_total',
  'truncate': 'sluice_truncations_total',
  'close': 'sluice_closes_total',
  'would-cut': 'sluice_would_cuts_total',
  'warn': 'sluice_warnings_total',
  'sample': 'sluice_samples_total',
  'admit': 'sluice_admitted_total',
  'refuse': 'sluice_refusals_total',
  'would-refuse': 'sluice_would_refuses_total',
};

/** Audit records by their action. */
export class RecordCounts {
  private readonly counts = new Map<string, number>();

  add(action: string): void {
    this.counts.set(action, (this.counts.get(action) ?? 0) + 1);
  }

  /** Whether this is an action that records have. */
  static isKnown(action: string): boolean {
    return action in METRICS;
  }

  /** The counts in which the metrics differ; null when they agree. */
  wrongMetrics(metrics: ReadonlyMap<string, number>): string | null {
    for (const [action, name] of Object.entries(METRICS)) {
      const [recorded, counted] = [this.counts.get(action) ?? 0, metrics.get(name) ?? 0];
      if (recorded !== counted) return `${name} is ${counted}, and there are ${recorded} records`;
    }
    const [begun, ended, open] = ['total', 'ended_total', 'open']
      .map((name) => metrics.get(`sluice_sessions_${name}`) ?? 0);
    return begun === ended! + open! ? null : `${begun} sessions began, ${ended} ended, ${open} are open`;
  }
}

/**
 * The metrics by name, added up over their labels.
 * @throws when a line is no metric
 */
export const readMetrics = async (port: number): Promise<ReadonlyMap<string, number>> => {
  const { body } = await askPort(port, '/metrics', {});
  const sums = new Map<string, number>();
  for (const line of body.split('\n')) {
    if (line === '' || line.startsWith('# ')) continue;
    const { name, value } = SAMPLE.exec(line)?.groups ?? {};
    if (name === undefined) throw new Error(`a line that is no metric: ${line}`);
    sums.set(name, (sums.get(name) ?? 0) + Number(value));
  }
  return sums;
};
