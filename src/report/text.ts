import { oneLine } from '../audit/plainText.js';
import type { DigestTable, RankedDigest } from '../statistics/digestTable.js';
import type { Order } from '../statistics/execution.js';
import { RELATIVE_ERROR } from '../statistics/logHistogram.js';
import type { Profile } from '../statistics/profile.js';
import { count, countOf, duration, percent, size } from './amounts.js';
import { readingCaveats } from './caveats.js';
import type { Ledger } from './ledger.js';
import { example, fates, measures, pictures, timeRange, who } from './profileText.js';
import type { Survey } from './survey.js';
import { layOut, type Column } from './textTable.js';

// A report as text.

const STATEMENT_CHARACTERS = 60;

interface Ranked {
  readonly title: string;
  readonly write: (amount: number) => string;
  /** Whether the sum over all digests makes sense. */
  readonly isSummed: boolean;
}

/** The title and form of each measure by which digests are ranked. */
const RANKED: Record<Order, Ranked> = {
  bytes: { title: 'Bytes', write: size, isSummed: true },
  rows: { title: 'Rows', write: count, isSummed: true },
  'max-bytes': { title: 'Largest', write: size, isSummed: false },
  stall: { title: 'Stall', write: duration, isSummed: true },
  cuts: { title: 'Cuts', write: count, isSummed: true },
};

const commented = (lines: readonly string[]): string[] => lines.map((line) => `# ${line}`.trimEnd());

/** Notes for reading the figures correctly; empty if there are none. */
function caveats(survey: Survey, { overall, table }: Ledger): string[] {
  const { samples } = survey;
  const { lowerBounds } = overall;
  return [
    ...readingCaveats(survey),
    ...(lowerBounds > 0
      ? [`Results whose end was not seen: ${count(lowerBounds)}; their rows and bytes are lower bounds`]
      : []),
    ...(samples > 0 ? [`Results that are samples: ${count(samples)}; each counts as one here`] : []),
    ...(table.hasForgotten ? [forgotten(table)] : []),
  ];
}

function forgotten({ order, size: places, mostMissed }: DigestTable): string {
  const weighedBy = order === 'max-bytes' ? 'bytes' : order;
  return `There are more digests than the ${count(places)} that are kept. Each of the others has ` +
    `at most ${RANKED[weighedBy].write(mostMissed)}${weighedBy === 'bytes' ? '' : ` (${weighedBy})`}`;
}

/** The number of results that passed their limit as streams, by signal; nothing if there were none. */
function admittedPart({ admitted }: Survey): string[] {
  if (admitted.size === 0) return [];
  const bySignal = [...admitted].sort(([, one], [, other]) => other - one);
  const total = bySignal.reduce((sum, [, results]) => sum + results, 0);
  const shown = bySignal.map(([signal, results]) => `${signal} ${count(results)}`).join(', ');
  return [`Let through beyond their limit as streams: ${count(total)} (${shown})`];
}

function overallPart(survey: Survey, { overall, table }: Ledger): string[] {
  const digests = `${table.hasForgotten ? 'more than ' : ''}${countOf(table.size, 'digest')}`;
  return [
    `Overall: ${fates(overall)}; ${digests}`,
    ...admittedPart(survey),
    `Time range: ${timeRange(overall)}`,
    '',
    ...measures(overall),
  ];
}

function ranking({ overall, table }: Ledger, ranked: readonly RankedDigest[], hidden: number): string[] {
  const { title, write, isSummed } = RANKED[table.order];
  const total = totalOf(overall, table.order);
  const right = (name: string): Column => ({ title: name, align: 'right' });
  const columns: Column[] = [
    right('Rank'), { title: 'Digest', align: 'left' }, right(title), ...(isSummed ? [right('Share')] : []),
    right('Results'), right('95% rows'), right('95% bytes'), { title: 'Statement', align: 'left' },
  ];
  const rows = ranked.map(({ digest, profile, amount, missed }, index) => [
    String(index + 1), digest || '(unknown)', `${write(amount)}${missed > 0 ? '+' : ''}`,
    ...(isSummed ? [percent(total === 0 ? 0 : amount / total)] : []),
    count(profile.executions),
    count(Math.round(profile.rows.quantile(0.95))), size(profile.bytes.quantile(0.95)),
    oneLine(profile.digestText ?? '', STATEMENT_CHARACTERS),
  ]);
  const isPartial = ranked.some(({ missed }) => missed > 0);
  return [
    `Ranking by ${table.order}`,
    ...layOut(columns, rows),
    ...(hidden > 0 ? [`and ${count(hidden)} more: see --limit`] : []),
    ...(isPartial ? ['+ means at least; the profile tells how much may be missing'] : []),
  ];
}

function totalOf({ bytes, rows, stallMs, cuts, wouldCuts }: Profile, order: Order): number {
  const totals: Record<Order, number> = {
    bytes: bytes.sum, 'max-bytes': bytes.sum, rows: rows.sum, stall: stallMs.sum, cuts: cuts + wouldCuts,
  };
  return totals[order];
}

function profileOf({ digest, profile, missed }: RankedDigest, rank: number, order: Order): string[] {
  const { about, text } = example(profile);
  const most = RANKED[order].write(missed);
  const unseen = missed === 0 ? [] : [`Executions before this digest was kept are missing: at most ${most}`];
  return [
    ...commented([
      `Digest ${rank}: ${digest || '(unknown statements)'}`,
      fates(profile),
      ...unseen,
      `Time range: ${timeRange(profile)}`,
      '',
      ...measures(profile),
      '',
      ...who(profile),
      '',
      ...pictures(profile),
      '',
      `Example: ${about}`,
    ]),
    `${text}\n`,
  ];
}

/**
 * The report as text for people. Every line except the examples begins with `#`.
 * @param limit the number of digests
 */
export function reportText(survey: Survey, ledger: Ledger, limit: number): string {
  const { overall, table } = ledger;
  const caution = caveats(survey, ledger);
  if (overall.executions === 0) return commented(['No results.', ...caution]).join('\n');
  const all = table.ranking();
  const shown = all.slice(0, limit);
  const front = [
    ...overallPart(survey, ledger), '',
    ...(caution.length > 0 ? [...caution, ''] : []),
    `95% is read from buckets, within ${percent(RELATIVE_ERROR)} of the true value. All other figures are exact.`, '',
    ...ranking(ledger, shown, all.length - shown.length), '',
  ];
  const profiles = shown.flatMap((ranked, index) => profileOf(ranked, index + 1, table.order));
  return [...commented(front), ...profiles].join('\n');
}
