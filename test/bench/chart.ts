import { METRICS, median, type Metric, metricsOf, ratio, referenceOf, type Run, type Series } from './results.js';
import { digits, distinct } from './table.js';

// The chart of a run: a panel for each load and metric. Comparisons have bars, with a line from the least to the most
// of the rounds. Costs over bytes or sessions have curves on two logarithmic scales.

const PANEL_WIDTH = 460;
const PANELS_A_ROW = 2;
const GAP = 24;
const TITLE_HEIGHT = 34;
const BAR_HEIGHT = 18;
const NAME_WIDTH = 130;
const VALUE_WIDTH = 130;
const CURVE_HEIGHT = 220;
const HEAD_HEIGHT = 64;

/** Sluice's bars have a colour of their own; the others are known by their names. */
const COLOURS = { own: '#0b6e99', other: '#b5c4cc', range: '#444', text: '#222', faint: '#777', grid: '#e3e3e3' };
const LINES = ['#0b6e99', '#c2571a', '#5b8c2a', '#7a4fa3'];

interface Panel {
  readonly title: string;
  readonly metric: Metric;
  readonly height: number;
  draw(): string;
}

/** A run as an SVG document. */
export const renderChart = (run: Run): string => {
  const panels = panelsOf(run);
  const columns = Array.from({ length: PANELS_A_ROW }, () => ({ y: HEAD_HEIGHT, content: '' }));
  for (const panel of panels) {
    const column = columns.reduce((least, one) => (one.y < least.y ? one : least));
    const x = GAP + columns.indexOf(column) * (PANEL_WIDTH + GAP);
    const { name, unit } = METRICS[panel.metric];
    column.content += `<g transform="translate(${x} ${column.y})">` +
      text(0, 12, panel.title, 'bold') + text(0, 27, `${name}, ${unit}`, 'faint') +
      `<g transform="translate(0 ${TITLE_HEIGHT})">${panel.draw()}</g></g>\n`;
    column.y += TITLE_HEIGHT + panel.height + GAP;
  }
  const width = GAP + PANELS_A_ROW * (PANEL_WIDTH + GAP);
  const height = Math.max(...columns.map(({ y }) => y));
  const { cores, memoryGiB, kernel } = run.machine;
  const subtitle =
    `${run.date.slice(0, 10)}, ${run.rounds} interleaved rounds, ${cores} cores, ${memoryGiB} GiB, ${kernel}; ` +
    'bars: medians, lines: least to most, x: in proportion to the reference';
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">
<style>
text { font: 12px sans-serif; fill: ${COLOURS.text} } .bold { font-weight: bold } .faint { fill: ${COLOURS.faint} }
.end { text-anchor: end } .middle { text-anchor: middle }
</style>
<rect width="${width}" height="${height}" fill="white"/>
${text(GAP, 28, `Sluice and its peers${run.isQuick ? ' (small loads, which prove nothing)' : ''}`, 'bold')}
${text(GAP, 46, subtitle, 'faint')}
${columns.map(({ content }) => content).join('')}</svg>
`;
};

const panelsOf = (run: Run): Panel[] => {
  const isCurve = (series: Series): boolean => series.x !== undefined;
  const panelOf = ({ section, subject }: Series): string => `${section}\n${subject}`;
  const bars = distinct(run.series.filter((series) => !isCurve(series)).map(panelOf))
    .flatMap((key) => {
      const series = run.series.filter((one) => panelOf(one) === key);
      return metricsOf(series).map((metric) =>
        barPanel(run, key.replace('\n', ': '), metric, series.filter((one) => one.metric === metric)));
    });
  const curves = distinct(run.series.filter(isCurve).map(({ section, metric }) => `${section}\n${metric}`)).map((key) =>
    curvePanel(run.series.filter(({ section, metric, x }) => x !== undefined && `${section}\n${metric}` === key)));
  return [...curves, ...bars];
};

const barPanel = (run: Run, title: string, metric: Metric, series: readonly Series[]): Panel => {
  const most = Math.max(...series.flatMap(({ values }) => values));
  const scale = (PANEL_WIDTH - NAME_WIDTH - VALUE_WIDTH) / (most > 0 ? most : 1);
  const draw = (): string => series.map((one, index) => {
    const y = index * BAR_HEIGHT;
    const middle = y + BAR_HEIGHT / 2 - 1;
    const x = (value: number): string => (NAME_WIDTH + Math.max(0, value) * scale).toFixed(1);
    const colour = /^(Sluice|plain)$/.test(one.competitor) ? COLOURS.own : COLOURS.other;
    const proportion = ratio(one, referenceOf(run, one));
    const label = digits(median(one.values)) + (proportion === null ? '' : `  ${proportion.toFixed(2)}x`);
    return text(NAME_WIDTH - 8, middle + 4, one.competitor, 'end') +
      `<rect x="${NAME_WIDTH}" y="${y + 2}" width="${(Math.max(0, median(one.values)) * scale).toFixed(1)}" ` +
      `height="${BAR_HEIGHT - 6}" fill="${colour}"/>` +
      `<path d="M${x(Math.min(...one.values))} ${middle}H${x(Math.max(...one.values))}" stroke="${COLOURS.range}"/>` +
      text(PANEL_WIDTH - VALUE_WIDTH + 8, middle + 4, label);
  }).join('');
  return { title, metric, height: series.length * BAR_HEIGHT, draw };
};

const curvePanel = (series: readonly Series[]): Panel => {
  const [first] = series;
  const points = series
    .map(({ x = 1, values, competitor }) => ({ x, y: median(values), competitor }))
    .filter(({ y }) => y > 0);
  const xAxis = axis(points.map(({ x }) => x), NAME_WIDTH / 2, PANEL_WIDTH - 20);
  const yAxis = axis(points.map(({ y }) => y), CURVE_HEIGHT - 40, 10);
  const draw = (): string => {
    const grid = xAxis.decades.map((value) =>
      line(xAxis.at(value), yAxis.from, xAxis.at(value), yAxis.to, COLOURS.grid) +
        text(xAxis.at(value), CURVE_HEIGHT - 24, shortNumber(value), 'middle faint')).join('') +
      yAxis.decades.map((value) => line(xAxis.from, yAxis.at(value), xAxis.to, yAxis.at(value), COLOURS.grid) +
        text(xAxis.from - 6, yAxis.at(value) + 4, shortNumber(value), 'end faint')).join('');
    const lines = distinct(points.map(({ competitor }) => competitor)).map((competitor, index) => {
      const own = points.filter((point) => point.competitor === competitor).sort((a, b) => a.x - b.x);
      const path = own.map(({ x, y }) => `${xAxis.at(x).toFixed(1)} ${yAxis.at(y).toFixed(1)}`).join('L');
      const colour = LINES[index % LINES.length];
      const dots = own.map(({ x, y }) =>
        `<circle cx="${xAxis.at(x).toFixed(1)}" cy="${yAxis.at(y).toFixed(1)}" r="3" fill="${colour}"/>`);
      return `<path d="M${path}" fill="none" stroke="${colour}" stroke-width="2"/>${dots.join('')}` +
        `<rect x="${xAxis.from + index * 100}" y="${CURVE_HEIGHT - 14}" width="10" height="10" fill="${colour}"/>` +
        text(xAxis.from + index * 100 + 16, CURVE_HEIGHT - 5, competitor);
    });
    return grid + lines.join('');
  };
  return { title: first?.section ?? '', metric: first?.metric ?? 'cpu', height: CURVE_HEIGHT, draw };
};

/** A logarithmic axis over whole decades, drawn between two coordinates. */
const axis = (values: readonly number[], from: number, to: number) => {
  const low = Math.floor(Math.log10(Math.min(...values)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values))));
  return {
    from, to,
    decades: Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index)),
    at: (value: number): number => from + ((Math.log10(value) - low) / (high - low)) * (to - from),
  };
};

/** 1e7 -> "10M" */
const shortNumber = (value: number): string => {
  if (value < 1) return `1e${Math.round(Math.log10(value))}`;
  const power = Math.min(4, Math.floor(Math.round(Math.log10(value)) / 3));
  return `${Math.round(value / 1000 ** power)}${['', 'K', 'M', 'G', 'T'][power]}`;
};

const line = (x1: number, y1: number, x2: number, y2: number, colour: string): string =>
  `<path d="M${x1.toFixed(1)} ${y1.toFixed(1)}L${x2.toFixed(1)} ${y2.toFixed(1)}" stroke="${colour}"/>`;

const text = (x: number, y: number, content: string, style = ''): string =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" class="${style}">${escape(content)}</text>`;

const escape = (content: string): string =>
  content.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
