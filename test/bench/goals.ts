import { DIRECT, REFERENCE, SLUICE } from './competitors.js';
import { METRICS, type Metric, median, ratio, type Run, type Series } from './results.js';
import { PLAIN } from './sections/features.js';
import { digits } from './table.js';

/** A figure that Sluice has to reach under some loads. */
interface Goal {
  readonly section: string;
  readonly subject: RegExp;
  readonly metric: Metric;
  /** The way of running Sluice that is meant. */
  readonly competitor: string;
  /** The competitor that the bound is relative to; null when the bound is an absolute value. */
  readonly against: string | null;
  /** The load under which that competitor is taken; null for the same one. */
  readonly againstSubject: string | null;
  readonly bound: Bound;
}

type Bound = { readonly atMost: number } | { readonly atLeast: number };

const goal = (
  section: string, subject: RegExp, metric: Metric, against: string | null, bound: Bound, competitor = SLUICE,
  againstSubject: string | null = null,
): Goal => ({ section, subject, metric, against, bound, competitor, againstSubject });

/** CPU time per GB from real servers, for rows of so many bytes. */
const cpuPerGbGoals = (
  section: string, servers: string, most: Readonly<Record<number, number>>, competitor = SLUICE,
): Goal[] => Object.entries(most).map(([rowBytes, atMost]) => {
  const subject = new RegExp(`^${servers}, rows of ${rowBytes} bytes$`);
  return goal(section, subject, 'cpuPerGb', REFERENCE, { atMost }, competitor);
});

const BY_DEFAULT = `${SLUICE}, default settings`;

const GOALS: readonly Goal[] = [
  goal('bulk', /^synthetic.* (1000|100000) bytes/, 'cpuPerGb', REFERENCE, { atMost: 0.5 }),
  goal('bulk', /^synthetic.* 100 bytes/, 'cpuPerGb', REFERENCE, { atMost: 0.55 }),
  goal('bulk', /^synthetic.* 10 bytes/, 'cpuPerGb', REFERENCE, { atMost: 1 }),
  goal('bulk', /^synthetic/, 'throughput', REFERENCE, { atLeast: 1.2 }),
  ...cpuPerGbGoals('bulk', '(mariadb|mysql)', { 10: 0.6, 100: 0.5, 1000: 0.4, 100000: 0.7 }),
  goal('bulk', /^(mariadb|mysql), /, 'throughput', REFERENCE, { atLeast: 1 }),
  ...cpuPerGbGoals('default settings, real servers', 'mysql', { 10: 1.2, 100: 1, 1000: 0.9, 100000: 1.5 }, BY_DEFAULT),
  goal('default settings, results by latency', / (300|1000|3000|10000) KB$/, 'p95Ms', REFERENCE, { atMost: 1.05 }),
  goal('default settings, sessions', /^mysql, sessions after those$/, 'cpuPerSession', SLUICE, { atMost: 1.7 },
    BY_DEFAULT),
  goal('point queries', / (4|64) connections/, 'rate', REFERENCE, { atLeast: 1 }),
  goal('point queries', / (4|64) connections/, 'rate', 'MySQL Router', { atLeast: 1.1 }),
  goal('point queries', / (4|64) connections/, 'p99Ms', REFERENCE, { atMost: 1.15 }),
  goal('connections', /^connect/, 'sessionRate', REFERENCE, { atLeast: 0.75 }),
  goal('connections', /^connect/, 'sessionRate', 'a.pipe(b)', { atLeast: 1 }),
  goal('connections', /idle sessions$/, 'idleMemory', null, { atMost: 20 }),
  goal('stall', /./, 'stalledMemory', null, { atMost: 1024 }),
  goal('audit mode', /./, 'addedMs', null, { atMost: 0.2 }),
  goal('beside attackers', /./, 'addedMaxMs', null, { atMost: 50 }),
  goal('features: TLS', /in the clear$/, 'cpuPerGb', PLAIN, { atMost: 2 }, 'TLS to the server'),
  goal('features: TLS', /that encrypts$/, 'cpuPerGb', PLAIN, { atMost: 3.5 }, 'TLS on both sides',
    'a client in the clear'),
  goal('features: compression', /that compresses$/, 'cpuPerGb', null, { atMost: 4.5 }, PLAIN),
  goal('features: small queries', /./, 'cpuPerQuery', PLAIN, { atMost: 1.5 }, 'every result recorded'),
  goal('features: small queries', /./, 'cpuPerQuery', PLAIN, { atMost: 2.2 }, 'every result cut'),
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
  series.competitor === one.competitor && series.section === one.section && series.metric === one.metric &&
  one.subject.test(series.subject);

const goalLine = (run: Run, one: Goal, series: Series): string | null => {
  const other = run.series.find((candidate) =>
    candidate.competitor === one.against && candidate.section === series.section &&
    candidate.subject === (one.againstSubject ?? series.subject) && candidate.metric === series.metric);
  const reached = one.against === null ? median(series.values) : ratio(series, other);
  if (reached === null) return null;
  const { bound } = one;
  const isMet = 'atMost' in bound ? reached <= bound.atMost : reached >= bound.atLeast;
  const wanted = 'atMost' in bound ? `at most ${bound.atMost}` : `at least ${bound.atLeast}`;
  const { name, unit } = METRICS[series.metric];
  const scale = one.against === null ? unit : `x ${one.against}`;
  const way = one.competitor === SLUICE ? '' : `, ${one.competitor}`;
  const where = `${series.section}, ${series.subject}${way}`;
  return `${isMet ? 'met   ' : 'MISSED'}  ${name}: ${digits(reached)} ${scale}, ${wanted} (${where})`;
};
