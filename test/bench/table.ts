import { median, METRICS, type Metric, metricsOf, ratio, referenceOf, type Run, type Series } from './results.js';

/** The end of a program's output, where its error stands. */
const MAX_REASON = 300;

/** A run as text: a table for each load, with a line for each competitor and a column for each metric. */
export const renderTable = (run: Run): string => {
  const lines = [...heading(run)];
  for (const section of distinct(run.series.map((series) => series.section))) {
    const ofSection = run.series.filter((series) => series.section === section);
    lines.push('', `== ${section} (x: in proportion to ${run.references[section] ?? 'nothing'}) ==`);
    for (const subject of distinct(ofSection.map((series) => series.subject))) {
      lines.push('', ...subjectTable(run, subject, ofSection.filter((series) => series.subject === subject)));
    }
  }
  if (run.failures.length > 0) lines.push('', '== not measured ==', '');
  for (const { section, subject, competitor, reason } of run.failures) {
    lines.push(`${section}, ${subject}, ${competitor}: ${reason.trim().replaceAll('\n', '; ').slice(-MAX_REASON)}`);
  }
  return `${lines.join('\n')}\n`;
};

const heading = (run: Run): string[] => {
  const { cpu, cores, memoryGiB, kernel, load } = run.machine;
  const versions = Object.entries(run.versions).map(([name, version]) => `${name} ${version}`);
  const quick = run.isQuick ? ' of small loads (--quick), which prove nothing' : '';
  return [
    `${run.date}: ${run.rounds} interleaved rounds${quick}`,
    `${cores} cores (${cpu}), ${memoryGiB} GiB, ${kernel}; load before the run ${load}`,
    versions.join(', '),
    'Medians, with the least and the most of all rounds.',
  ];
};

const subjectTable = (run: Run, subject: string, series: readonly Series[]): string[] => {
  const metrics = metricsOf(series);
  const header = [subject, ...metrics.map((metric) => `${METRICS[metric].name}, ${METRICS[metric].unit}`)];
  const rows = distinct(series.map(({ competitor }) => competitor)).map((competitor) => {
    const cellOf = (metric: Metric): string => {
      const own = series.find((one) => one.competitor === competitor && one.metric === metric);
      return own === undefined ? '-' : cell(own, referenceOf(run, own));
    };
    return [`  ${competitor}`, ...metrics.map(cellOf)];
  });
  return aligned([header, ...rows]);
};

const cell = (series: Series, reference: Series | undefined): string => {
  const { values } = series;
  const range = `${digits(median(values))} (${digits(Math.min(...values))}-${digits(Math.max(...values))})`;
  const proportion = ratio(series, reference);
  return proportion === null ? `${range}      ` : `${range} ${proportion.toFixed(2).padStart(5)}x`;
};

/** Three significant digits. */
export const digits = (value: number): string => {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  const decimals = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return Math.abs(value) >= 1000 ? String(Math.round(value)) : value.toFixed(Math.min(decimals, 6));
};

const aligned = (rows: readonly (readonly string[])[]): string[] => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const pad = (text: string, column: number): string =>
    (column === 0 ? text.padEnd(widths[0]!) : text.padStart(widths[column]!));
  return rows.map((row) => row.map(pad).join('   ').trimEnd());
};

/** The values of a list, each once, in their order. */
export const distinct = <T>(values: readonly T[]): T[] => [...new Set(values)];
