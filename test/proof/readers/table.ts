import { type Cell, LOADS, nameOf, READERS, workMsOf } from './cells.js';
import type { Outcome } from './reading.js';
import type { Outcomes } from './outcomes.js';
import { isGood, wantedOf, wasLetPass } from './rules.js';

/** A cell with its outcomes. */
interface Row {
  readonly cell: Cell;
  readonly runs: readonly Outcome[];
}

type Line = readonly (string | number)[];

/** The outcomes of the matrix, as Markdown. */
export const showMatrix = (cells: readonly Cell[], outcomes: Outcomes): string => {
  const rows = cells.map((cell) => ({ cell, runs: outcomes.of(cell) })).filter(({ runs }) => runs.length > 0);
  const runCount = rows.reduce((sum, { runs }) => sum + runs.length, 0);
  const isBad = ({ cell, runs }: Row): boolean => runs.some((run) => !isGood(cell, run));
  return [
    '# Who reads how: what came of the matrix', '',
    `${rows.length} of ${cells.length} cells, ${runCount} runs. A rate is in rows a second, as Sluice saw it at the`,
    'limit; "at once": the client had taken everything before anybody could look.', '',
    '## Against the rules', '', ...cellTable(rows.filter(isBad)), '',
    '## Rates by reader and load', '', ...rateTable(rows), '',
    '## The slowest rate of each buffering driver', '', ...slowestTable(rows), '',
    '## From the limit to the verdict, in ms', '', ...verdictTable(rows), '',
    '## Buffering readers that were let pass at first', '',
    'With a quarter of a core, they take no more rows than programs that work on each row. The next look cut them.', '',
    ...cellTable(rows.map(({ cell, runs }) => ({ cell, runs: runs.filter((run) => wasLetPass(cell, run)) }))
      .filter(({ runs }) => runs.length > 0)), '',
    '## Programs that work on each row and were cut', '',
    'They take rows as fast as programs that buffer, or their drivers do so for them.', '',
    ...cellTable(rows.filter(({ cell, runs }) => workMsOf(cell) > 0 && runs.some(isCut))), '',
    '## All cells', '', ...cellTable(rows), '',
  ].join('\n');
};

const isCut = ({ end }: Outcome): boolean => end === 'cut';

const markdown = (head: Line, body: readonly Line[]): string[] => {
  const line = (fields: Line): string => `| ${fields.join(' | ')} |`;
  return body.length === 0 ? ['None.'] : [line(head), line(head.map(() => '---')), ...body.map(line)];
};

/** The rates at the first verdict; clients that took everything at once stand apart. */
const ratesOf = (rows: readonly Row[]): { rates: number[]; atOnce: number } => {
  const runs = rows.flatMap((row) => row.runs);
  const firsts = runs.flatMap(({ looks }) => looks.slice(0, 1).map(({ rate }) => rate));
  const rates = firsts.filter((rate) => rate !== null).sort((a, b) => a - b);
  return { rates, atOnce: firsts.length - rates.length };
};

const showRates = (rows: readonly Row[]): string => {
  const { rates, atOnce } = ratesOf(rows);
  const [slowest, fastest] = [rates[0], rates.at(-1)];
  const shown = slowest === undefined ? [] : [slowest === fastest ? `${slowest}` : `${slowest} to ${fastest}`];
  return [...shown, ...(atOnce > 0 ? [`${atOnce} x at once`] : [])].join(', ');
};

const showReader = ({ reader }: Pick<Cell, 'reader'>): string =>
  (reader === 'buffering' ? reader : `${reader} ms a row`);

const cellTable = (rows: readonly Row[]): string[] => markdown(
  ['driver', 'reader', 'limit', 'rows', 'way', 'load', 'server', 'looks', 'wanted', 'cut', 'lived', 'failed',
    'rates'],
  rows.map((row) => {
    const { cell, runs } = row;
    const count = (end: Outcome['end']): number => runs.filter((run) => run.end === end).length;
    return [cell.driver, showReader(cell), cell.limit, cell.rows, cell.way, cell.load, cell.server, cell.looks,
      wantedOf(cell) ?? 'either', count('cut'), count('lived'), count('failed'), showRates([row])];
  }),
);

const rateTable = (rows: readonly Row[]): string[] => markdown(
  ['reader', 'load', 'runs', 'cut', 'lived', 'slowest', 'median', 'fastest', 'at once'],
  READERS.flatMap((reader) => LOADS.map((load) => {
    const here = rows.filter(({ cell }) => cell.reader === reader && cell.load === load);
    const runs = here.flatMap(({ runs: all }) => all);
    const { rates, atOnce } = ratesOf(here);
    const at = (part: number): number | string => quantile(rates, part) ?? '-';
    return [showReader({ reader }), load, runs.length, runs.filter(isCut).length,
      runs.filter(({ end }) => end === 'lived').length, at(0), at(0.5), at(1), atOnce];
  })),
);

const slowestTable = (rows: readonly Row[]): string[] => {
  const buffering = rows.filter(({ cell }) => cell.reader === 'buffering');
  const drivers = [...new Set(buffering.map(({ cell }) => cell.driver))];
  const slowestOf = (driver: string): { rate: number; cell: Cell } | undefined => buffering
    .filter(({ cell }) => cell.driver === driver)
    .flatMap((row) => ratesOf([row]).rates.map((rate) => ({ rate, cell: row.cell })))
    .sort((a, b) => a.rate - b.rate)[0];
  const lines = drivers.map((driver) => ({ driver, slowest: slowestOf(driver) }));
  const byRate = lines.sort((a, b) => (a.slowest?.rate ?? Infinity) - (b.slowest?.rate ?? Infinity));
  return markdown(['driver', 'slowest', 'where'], byRate.map(({ driver, slowest }) =>
    [driver, slowest?.rate ?? 'always at once', slowest === undefined ? '' : whereOf(slowest.cell)]));
};

const whereOf = (cell: Cell): string => nameOf(cell).split(' | ').slice(2).join(', ');

const verdictTable = (rows: readonly Row[]): string[] => {
  const buffering = rows.filter(({ cell }) => cell.reader === 'buffering');
  const groups: [string, Row[]][] = [
    ...['mysql2', 'MySQL Connector/J 9.7', 'PyMySQL 1.2'].map((driver): [string, Row[]] =>
      [driver, buffering.filter(({ cell }) => cell.driver === driver)]),
    ...LOADS.map((load): [string, Row[]] => [`all, ${load}`, buffering.filter(({ cell }) => cell.load === load)]),
    ['all', buffering],
  ];
  return markdown(['buffering', 'verdicts', 'median', '99th percentile', 'longest'], groups.map(([name, group]) => {
    const times = verdictTimesOf(group);
    return [name, times.length, ...[0.5, 0.99, 1].map((part) => quantile(times, part) ?? '-')];
  }));
};

const verdictTimesOf = (rows: readonly Row[]): number[] =>
  rows.flatMap(({ runs }) => runs).flatMap(({ looks }) => looks.slice(0, 1).map(({ ms }) => ms)).sort((a, b) => a - b);

/** A quantile of sorted numbers; undefined when there are none. */
const quantile = (sorted: readonly number[], part: number): number | undefined =>
  sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)];
