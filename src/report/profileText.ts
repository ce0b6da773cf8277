import { oneLine, shownAsItself } from '../audit/plainText.js';
import { formatMoment } from '../config/schema/moment.js';
import type { Distribution } from '../statistics/distribution.js';
import type { HeavyHitters } from '../statistics/heavyHitters.js';
import type { Profile } from '../statistics/profile.js';
import { count, countOf, duration, percent, size } from './amounts.js';
import { bars } from './bars.js';
import { layOut, type Column } from './textTable.js';

// A profile of statements as text.

type Write = (amount: number) => string;

const rounded: Write = (amount) => count(Math.round(amount));
const NAMES_SHOWN = 5;
const LONGEST_NAME = 60;

const MEASURES: readonly Column[] = [
  { title: 'Attribute', align: 'left' },
  ...['total', 'min', 'mean', '95%', 'max'].map((title): Column => ({ title, align: 'right' })),
];

/** The table of measures: totals, and the values of one execution. */
export function measures(profile: Profile): string[] {
  const line = (title: string, values: Distribution, write: Write, isSummed = true): string[] => {
    if (values.count === 0) return [title, '-', '-', '-', '-', '-'];
    const { sum, min, mean, max } = values;
    return [title, isSummed ? write(sum) : '-', ...[min, mean, values.quantile(0.95), max].map(write)];
  };
  return layOut(MEASURES, [
    line('Rows', profile.rows, rounded),
    line('Bytes', profile.bytes, size),
    line('Largest row', profile.largestRowBytes, size, false),
    line('First row', profile.firstRowMs, duration, false),
    line('Duration', profile.durationMs, duration),
    line('Stall', profile.stallMs, duration),
    ...(profile.requestBytes === 0 ? [] : [['Sent', size(profile.requestBytes), '-', '-', '-', '-']]),
    ...(profile.affectedRows === 0 ? [] : [['Rows changed', count(profile.affectedRows), '-', '-', '-', '-']]),
  ]);
}

/** The number of executions, and their fates. */
export function fates(profile: Profile): string {
  const { executions, changes, cuts, wouldCuts, admitted, lowerBounds, refusals, wouldRefuses } = profile;
  return [
    countOf(executions - changes, 'result'), `${count(cuts)} cut`, `${count(wouldCuts)} that would have been cut`,
    ...(admitted === 0 ? [] : [`${count(admitted)} let through as ${admitted === 1 ? 'a stream' : 'streams'}`]),
    ...(changes === 0 ? [] : [`${countOf(changes, 'change')} without a result`]),
    ...(lowerBounds === 0 ? [] : [`${count(lowerBounds)} of unknown end`]),
    ...(refusals === 0 ? [] : [`${countOf(refusals, 'statement')} refused`]),
    ...(wouldRefuses === 0 ? [] : [`${countOf(wouldRefuses, 'statement')} that would have been refused`]),
  ].join(', ');
}

/** The time of the first and the last execution. */
export function timeRange({ firstAtMs, lastAtMs }: Profile): string {
  return `${formatMoment(firstAtMs)} to ${formatMoment(lastAtMs)}`;
}

function nameList(title: string, names: HeavyHitters<unknown>, sent: number): string[] {
  // If a name came in late, most of its count may belong to others.
  const known = names.heaviest().filter(({ weight, missed }) => 2 * missed <= weight).slice(0, NAMES_SHOWN);
  const shown = known.map(({ key, weight, missed }) =>
    `${oneLine(key, LONGEST_NAME) || '(none)'} ${missed > 0 ? 'up to ' : ''}${percent(weight / sent)}`);
  const hidden = names.size - shown.length;
  const more = names.hasForgotten ? 'many more' : hidden > 0 ? `${hidden} more` : null;
  return [`${title.padEnd(10)}${[...shown, ...(more === null ? [] : [more])].join(', ')}`];
}

/** The users, schemas, programs, clients and routes of the statements, and their digests if there are several. */
export function who({ users, schemas, programs, clients, routes, digests, sent }: Profile): string[] {
  return [
    ...nameList('Users', users, sent),
    ...nameList('Schemas', schemas, sent),
    ...nameList('Programs', programs, sent),
    ...nameList('Clients', clients, sent),
    ...(routes.size === 0 ? [] : nameList('Routes', routes, sent)),
    ...(digests === null ? [] : nameList('Digests', digests, sent)),
  ];
}

/** Pictures of the sizes of the results; none if there are no results. */
export function pictures({ executions, rows, bytes }: Profile): string[] {
  if (executions === 0) return [];
  return [
    'Rows of a result, from … on', ...bars(rows.histogram, rounded),
    'Bytes of a result, from … on', ...bars(bytes.histogram, size),
  ];
}

/** The largest execution: its time, its user, and its statement. */
export function example({ example: found, digestText }: Profile): Record<'about' | 'text', string> {
  if (found === null) return { about: 'no example', text: '' };
  const { atMs, user, rows, bytes, sql, heaviestColumn } = found;
  const about = `the largest, ${formatMoment(atMs)}, ${oneLine(user, LONGEST_NAME) || '(none)'}, ` +
    `${countOf(rows, 'row')}, ${size(bytes)}` + (heaviestColumn === null ? '' : `; ${shownAsItself(heaviestColumn)}`);
  return { about, text: shownAsItself(sql ?? digestText ?? '(the statement is not recorded)') };
}
