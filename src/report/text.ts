import { oneLine } from '../audit/plainText.js';
import type { GroupTable, RankedGroup } from '../statistics/groupTable.js';
import type { Order } from '../statistics/execution.js';
import { groupsTitle, groupTitle } from '../statistics/grouping.js';
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
const LONGEST_KEY = 512;
const UNKNOWN = { digest: '(unknown statements)', group: '(unknown)' };

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
  refusals: { title: 'Refused', write: count, isSummed: true },
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

function forgotten({ order, grouping, size: places, mostMissed }: GroupTable): string {
  const weighedBy = order === 'max-bytes' ? 'bytes' : order;
  return `There are more ${groupsTitle(grouping)} than the ${count(places)} that are kept. Each of the others has ` +
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
  const groups = table.grouping === 'digest'
    ? countOf(table.size, 'digest') : `${groupsTitle(table.grouping)}: ${count(table.size)}`;
  return [
    `Overall: ${fates(overall)}; ${table.hasForgotten ? 'more than ' : ''}${groups}`,
    ...admittedPart(survey),
    `Time range: ${timeRange(overall)}`,
    '',
    ...measures(overall),
  ];
}

function ranking({ overall, table }: Ledger, ranked: readonly RankedGroup[], hidden: number): string[] {
  const { title, write, isSummed } = RANKED[table.order];
  const total = totalOf(overall, table.order);
  const right = (name: string): Column => ({ title: name, align: 'right' });
  const columns: Column[] = [
    right('Rank'), { title: groupTitle(table.grouping), align: 'left' }, right(title),
    ...(isSummed ? [right('Share')] : []),
    right('Results'), right('95% rows'), right('95% bytes'), { title: 'Statement', align: 'left' },
  ];
  const rows = ranked.map(({ key, profile, amount, missed }, index) => [
    String(index + 1), oneLine(key, STATEMENT_CHARACTERS) || '(unknown)', `${write(amount)}${missed > 0 ? '+' : ''}`,
    ...(isSummed ? [percent(total === 0 ? 0 : amount / total)] : []),
    count(profile.executions - profile.changes),
    count(Math.round(profile.rows.quantile(0.95))), size(profile.bytes.quantile(0.95)),
    oneLine(profile.digestText ?? '', STATEMENT_CHARACTERS),
  ]);
  const isPartial = ranked.some(({ missed }) => missed > 0);
  return [
    `Ranking${table.grouping === 'digest' ? '' : ` of ${groupsTitle(table.grouping)}`} by ${table.order}`,
    ...layOut(columns, rows),
    ...(hidden > 0 ? [`and ${count(hidden)} more: see --limit`] : []),
    ...(isPartial ? ['+ means at least; the profile tells how much may be missing'] : []),
  ];
}

function totalOf(profile: Profile, order: Order): number {
  const { bytes, rows, stallMs, cuts, wouldCuts, refusals, wouldRefuses } = profile;
  const totals: Record<Order, number> = {
    bytes: bytes.sum, 'max-bytes': bytes.sum, rows: rows.sum, stall: stallMs.sum, cuts: cuts + wouldCuts,
    refusals: refusals + wouldRefuses,
  };
  return totals[order];
}

function profileOf({ key, profile, missed }: RankedGroup, rank: number, { order, grouping }: GroupTable): string[] {
  const { about, text } = example(profile);
  const most = RANKED[order].write(missed);
  const what = grouping === 'digest' ? 'digest' : 'group';
  const unseen = missed === 0 ? [] : [`Executions before this ${what} was kept are missing: at most ${most}`];
  return [
    ...commented([
      `${groupTitle(grouping)} ${rank}: ${oneLine(key, LONGEST_KEY) || UNKNOWN[what]}`,
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
 * @param limit the number of digests, or of other groups
 */
export function reportText(survey: Survey, ledger: Ledger, limit: number): string {
  const { overall, table } = ledger;
  const caution = caveats(survey, ledger);
  if (overall.sent === 0) return commented(['No results.', ...caution]).join('\n');
  const all = table.ranking();
  const shown = all.slice(0, limit);
  const front = [
    ...overallPart(survey, ledger), '',
    ...(caution.length > 0 ? [...caution, ''] : []),
    `95% is read from buckets, within ${percent(RELATIVE_ERROR)} of the true value. All other figures are exact.`, '',
    ...ranking(ledger, shown, all.length - shown.length), '',
  ];
  const profiles = shown.flatMap((ranked, index) => profileOf(ranked, index + 1, table));
  return [...commented(front), ...profiles].join('\n');
}
