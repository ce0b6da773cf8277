import { DIRECT, REFERENCE, SLUICE } from './competitors.js';
import { METRICS, type Metric, median, ratio, type Run, type Series } from './results.js';
import { digits } from './table.js';

/** A figure that Sluice has to reach under some loads. */
interface Goal {
  readonly section: string;
  readonly subject: RegExp;
  readonly metric: Metric;
  /** The competitor that the bound is relative to; null when the bound is an absolute value. */
  readonly against: string | null;
  readonly bound: { readonly atMost: number } | { readonly atLeast: number };
}

const goal = (
  section: string, subject: RegExp, metric: Metric, against: string | null, bound: Goal['bound'],
): Goal => ({ section, subject, metric, against, bound });

const GOALS: readonly Goal[] = [
  goal('bulk', /^synthetic.* (1000|100000) bytes/, 'cpuPerGb', REFERENCE, { atMost: 0.5 }),
  goal('bulk', /^synthetic.* 100 bytes/, 'cpuPerGb', REFERENCE, { atMost: 0.55 }),
  goal('bulk', /^synthetic.* 10 bytes/, 'cpuPerGb', REFERENCE, { atMost: 1 }),
  goal('bulk', /^synthetic/, 'throughput', REFERENCE, { atLeast: 1.2 }),
  goal('point queries', / (4|64) connections/, 'rate', REFERENCE, { atLeast: 1 }),
  goal('point queries', / (4|64) connections/, 'rate', 'MySQL Router', { atLeast: 1.1 }),
  goal('point queries', / (4|64) connections/, 'p99Ms', REFERENCE, { atMost: 1.1 }),
  goal('connections', /^connect/, 'sessionRate', REFERENCE, { atLeast: 0.8 }),
  goal('connections', /idle sessions$/, 'idleMemory', null, { atMost: 20 }),
  goal('stall', /./, 'stalledMemory', null, { atMost: 1024 }),
  goal('audit mode', /./, 'addedMs', null, { atMost: 0.2 }),
  goal('beside attackers', /./, 'addedMaxMs', null, { atMost: 50 }),
  goal('comments of frameworks', /./, 'cpuPerQuery', 'no comment', { atMost: 1.05 }),
  goal('hanging collector', /./, 'cpuPerQuery', 'no export', { atMost: 1.02 }),
  goal('slowest reader', /./, 'slowestRate', DIRECT, { atMost: 1.2 }),
];

/** Whether each goal was met, a line for each load. */
export const renderGoals = (run: Run): string => {
  const lines = GOALS.flatMap((one) =>
    run.series.filter((series) => concerns(one, series)).map((series) => goalLine(run, one, series)));
  return ['', '== goals ==', '', ...lines.filter((line) => line !== null), ''].join('\n');
};

const concerns = (one: Goal, series: Series): boolean =>
  series.competitor === SLUICE && series.section === one.section && series.metric === one.metric &&
  one.subject.test(series.subject);

const goalLine = (run: Run, one: Goal, series: Series): string | null => {
  const other = run.series.find((candidate) =>
    candidate.competitor === one.against && candidate.section === series.section &&
    candidate.subject === series.subject && candidate.metric === series.metric);
  const reached = one.against === null ? median(series.values) : ratio(series, other);
  if (reached === null) return null;
  const { bound } = one;
  const isMet = 'atMost' in bound ? reached <= bound.atMost : reached >= bound.atLeast;
  const wanted = 'atMost' in bound ? `at most ${bound.atMost}` : `at least ${bound.atLeast}`;
  const { name, unit } = METRICS[series.metric];
  const scale = one.against === null ? unit : `x ${one.against}`;
  const where = `${series.section}, ${series.subject}`;
  return `${isMet ? 'met   ' : 'MISSED'}  ${name}: ${digits(reached)} ${scale}, ${wanted} (${where})`;
};
