import { oneLine } from '../audit/plainText.js';
import type { Limits } from '../config/config.js';
import { formatSize } from '../config/schema/units.js';
import { profileJson } from '../statistics/json.js';
import type { Names } from '../statistics/profile.js';
import { count, percent, size } from './amounts.js';
import { readingCaveats } from './caveats.js';
import type { Coverage } from './coverage.js';
import type { ExemptingRule, ProposedConfig } from './exemptions.js';
import type { Forecast } from './forecast.js';
import type { Survey } from './survey.js';
import { layOut, type Column } from './textTable.js';

/** All that advice is made from. */
export interface Advice {
  readonly survey: Survey;
  readonly forecast: Forecast;
  readonly coverage: Coverage;
  readonly rules: readonly ExemptingRule[];
  /** How many digests are shown. */
  readonly limit: number;
}

const statementShown = 50;
const namesShown = 3;
const longestName = 40;

/** The limits and rules as they may be put into a configuration file. */
function proposedConfig({ forecast: { limits }, rules }: Advice): ProposedConfig {
  return {
    limits: {
      rows: limits.rows === Infinity ? null : limits.rows,
      bytes: limits.bytes === Infinity ? null : formatSize(limits.bytes),
    },
    rules,
  };
}

function shownLimits({ rows, bytes }: Limits): string {
  const parts = [rows === Infinity ? '' : `${count(rows)} rows`, bytes === Infinity ? '' : size(bytes)];
  return parts.filter((part) => part !== '').join(' or ') || 'nothing';
}

function cautions({ survey, forecast, coverage }: Advice): string[] {
  const { counts, uncertain, limits, digests } = forecast;
  const changesData = counts['changes-data'];
  const blind = coverage.blindFor(limits).join(' and ');
  return [
    counts.streamed > 0 ? `Streamed, and so not limited: ${count(counts.streamed)}` : '',
    counts.admitted > 0
      ? `Let through beyond the limit of that time as streams, which no higher limit helps: ${count(counts.admitted)}`
      : '',
    counts.exempt > 0 ? `Exempt: ${count(counts.exempt)}` : '',
    changesData > 0 ? `Larger, but never cut, since they change data: ${count(changesData)}` : '',
    uncertain > 0 ? `Not cut as far as they were seen, but their end was not: ${count(uncertain)}` : '',
    coverage.isEstimate ? 'Some records are samples; they count for all the results that they stand for' : '',
    blind === ''
      ? ''
      : `Results below the limit on ${blind} that held when this was recorded are missing: more would be cut`,
    digests.hasForgotten ? `Only the ${count(digests.size)} digests that would be cut most are kept` : '',
    ...readingCaveats(survey),
  ].filter((line) => line !== '');
}

function names(found: Names): string {
  const shown = found.heaviest().slice(0, namesShown).map(({ key }) => oneLine(key, longestName) || '(none)');
  return [...shown, ...(found.size > namesShown ? ['…'] : [])].join(', ');
}

function table({ forecast, limit }: Advice): string[] {
  const right = (title: string): Column => ({ title, align: 'right' });
  const left = (title: string): Column => ({ title, align: 'left' });
  const all = forecast.digests.heaviest();
  const rows = all.slice(0, limit).map(({ key, value: { cuts, profile }, missed }) => [
    key || '(unknown)', `${count(cuts)}${missed > 0 ? '+' : ''}`,
    count(profile.rows.max), size(profile.bytes.max),
    names(profile.users), names(profile.programs), oneLine(profile.digestText ?? '', statementShown),
  ]);
  const columns = [
    left('Digest'), right('Cuts'), right('Most rows'), right('Most bytes'),
    left('Users'), left('Programs'), left('Statement'),
  ];
  const hidden = all.length - rows.length;
  return [...layOut(columns, rows), ...(hidden > 0 ? [`and ${count(hidden)} more: see --limit`] : [])];
}

/** The advice as people read it; the configuration stands behind it, and may be used as it is. */
export function adviceText(advice: Advice): string {
  const { forecast } = advice;
  const { counts: { cut }, limited, cutRate, limits } = forecast;
  const lines = [
    `Limits of ${shownLimits(limits)} would have cut ${count(cut)} of ${count(limited)} results ` +
      `(${percent(cutRate)}).`,
    ...cautions(advice),
    ...(cut > 0 ? ['', ...table(advice)] : []),
    '',
    'In the configuration:',
  ];
  return [
    ...lines.map((line) => (line === '' ? '#' : `# ${line}`)),
    JSON.stringify(proposedConfig(advice), null, 2),
  ].join('\n');
}

/** The advice for machines. */
export function adviceJson(advice: Advice): object {
  const { survey, forecast, coverage, limit } = advice;
  const { counts, uncertain, limited, cutRate, digests, limits } = forecast;
  const { lines, badLines, unselected, samples } = survey;
  return {
    read: { lines, badLines, unselected, samples },
    results: limited,
    cuts: counts.cut,
    cutRate,
    streamed: counts.streamed,
    admitted: counts.admitted,
    exempt: counts.exempt,
    changesData: counts['changes-data'],
    uncertain,
    isEstimate: coverage.isEstimate,
    recordedOnlyAbove: coverage.blindFor(limits),
    digests: digests.heaviest().slice(0, limit).map(({ key, value: { cuts, profile }, missed }) =>
      ({ digest: key, digestText: profile.digestText, ...profileJson(profile), cuts, mayMiss: missed })),
    config: proposedConfig(advice),
  };
}
