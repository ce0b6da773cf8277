import { oneLine } from '../audit/plainText.js';
import type { Limits } from '../config/config.js';
import { formatSize } from '../config/schema/units.js';
import { groupsTitle, groupTitle } from '../statistics/grouping.js';
import { digestJson, groupJson } from '../statistics/json.js';
import type { Names } from '../statistics/profile.js';
import { count, countOf, percent, size } from './amounts.js';
import { readingCaveats } from './caveats.js';
import type { Coverage } from './coverage.js';
import type { ExemptingRule, ProposedConfig } from './exemptions.js';
import type { Forecast } from './forecast.js';
import type { Survey } from './survey.js';
import { layOut, type Column } from './textTable.js';
import { finiteOrNull } from '../config/finiteOrNull.js';

/** The contents of advice. */
export interface Advice {
  readonly survey: Survey;
  readonly forecast: Forecast;
  readonly coverage: Coverage;
  readonly rules: readonly ExemptingRule[];
  /** The number of digests to show. */
  readonly limit: number;
}

const STATEMENT_CHARACTERS = 50;
const NAMES_SHOWN = 3;
const LONGEST_NAME = 40;

/** The limits and rules in the form of a configuration file. */
function proposedConfig({ forecast: { limits }, rules }: Advice): ProposedConfig {
  return {
    limits: {
      rows: finiteOrNull(limits.rows),
      bytes: finiteOrNull(limits.bytes, formatSize),
    },
    rules,
  };
}

function shownLimits({ rows, bytes }: Limits): string {
  const parts = [rows === Infinity ? '' : countOf(rows, 'row'), bytes === Infinity ? '' : size(bytes)];
  return parts.filter((part) => part !== '').join(' or ') || 'nothing';
}

function cautions({ survey, forecast, coverage }: Advice): string[] {
  const { counts, uncertain, limits, groups, grouping } = forecast;
  const changesData = counts['changes-data'];
  const blind = coverage.blindFor(limits).join(' and ');
  return [
    counts.streamed > 0 ? `Streamed, and therefore not limited: ${count(counts.streamed)}` : '',
    counts.admitted > 0 ? admittedCaution(counts.admitted) : '',
    counts.exempt > 0 ? `Exempt: ${count(counts.exempt)}` : '',
    changesData > 0 ? `Larger, but never cut because they change data: ${count(changesData)}` : '',
    uncertain > 0 ? `Within the limits when last seen, but their end was not seen: ${count(uncertain)}` : '',
    coverage.isEstimate ? 'Some records are samples; they count for all the results that they stand for' : '',
    blind === ''
      ? ''
      : `Results below the limit on ${blind} at the time of recording are missing: more would be cut`,
    groups.hasForgotten
      ? `Only the ${count(groups.size)} ${groupsTitle(grouping)} with the most cuts are kept` : '',
    ...readingCaveats(survey),
  ].filter((line) => line !== '');
}

function admittedCaution(results: number): string {
  const [streams, them] = results === 1 ? ['a stream', 'it'] : ['streams', 'them'];
  return `${countOf(results, 'result')} passed the limit then in force as ${streams}; ` +
    `a higher limit makes no difference to ${them}`;
}

function names(found: Names): string {
  const shown = found.heaviest().slice(0, NAMES_SHOWN).map(({ key }) => oneLine(key, LONGEST_NAME) || '(none)');
  return [...shown, ...(found.size > NAMES_SHOWN ? ['…'] : [])].join(', ');
}

function table({ forecast, limit }: Advice): string[] {
  const right = (title: string): Column => ({ title, align: 'right' });
  const left = (title: string): Column => ({ title, align: 'left' });
  const all = forecast.groups.heaviest();
  const hasColumns = all.some(({ value: { profile } }) => profile.example?.heaviestColumn !== null);
  const rows = all.slice(0, limit).map(({ key, value: { cuts, profile }, missed }) => [
    oneLine(key, LONGEST_NAME) || '(unknown)', `${count(cuts)}${missed > 0 ? '+' : ''}`,
    count(profile.rows.max), size(profile.bytes.max),
    names(profile.users), names(profile.programs),
    ...(hasColumns ? [oneLine(profile.example?.heaviestColumn ?? '', LONGEST_NAME)] : []),
    oneLine(profile.digestText ?? '', STATEMENT_CHARACTERS),
  ]);
  const columns = [
    left(groupTitle(forecast.grouping)), right('Cuts'), right('Most rows'), right('Most bytes'),
    left('Users'), left('Programs'), ...(hasColumns ? [left('Heaviest column of the largest')] : []), left('Statement'),
  ];
  const hidden = all.length - rows.length;
  return [...layOut(columns, rows), ...(hidden > 0 ? [`and ${count(hidden)} more: see --limit`] : [])];
}

/** The advice as text for people. The proposed configuration follows it as JSON. */
export function adviceText(advice: Advice): string {
  const { forecast } = advice;
  const { counts: { cut }, limited, cutRate, limits } = forecast;
  const lines = [
    `Limits of ${shownLimits(limits)} would have cut ${count(cut)} of ${countOf(limited, 'result')} ` +
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

/** The advice as JSON. */
export function adviceJson(advice: Advice): object {
  const { survey, forecast, coverage, limit } = advice;
  const { counts, uncertain, limited, cutRate, groups, grouping, limits } = forecast;
  const shown = groups.heaviest().slice(0, limit).map(({ key, value: { cuts, profile }, missed }) => ({
    ...(grouping === 'digest' ? digestJson : groupJson)({ key, profile, amount: cuts, missed }), cuts,
  }));
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
    groupBy: grouping,
    ...(grouping === 'digest' ? { digests: shown } : { groups: shown }),
    config: proposedConfig(advice),
  };
}
