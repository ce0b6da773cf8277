import { oneLine, shownAsItself } from '../audit/plainText.js';
import { formatMoment } from '../config/schema/moment.js';
import type { Distribution } from '../statistics/distribution.js';
import type { Names, Profile } from '../statistics/profile.js';
import { count, duration, percent, size } from './amounts.js';
import { bars } from './bars.js';
import { layOut, type Column } from './textTable.js';

// A profile of statements as text.

type Write = (amount: number) => string;

const rounded: Write = (amount) => count(Math.round(amount));
const namesShown = 5;
const longestName = 60;

const MEASURES: readonly Column[] = [
  { title: 'Attribute', align: 'left' },
  ...['total', 'min', 'mean', '95%', 'max'].map((title): Column => ({ title, align: 'right' })),
];

/** The table of what was measured: totals, and what one execution had. */
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
  ]);
}

/** How often it was executed, and what became of it. */
export function fates({ executions, cuts, wouldCuts, admitted, lowerBounds }: Profile): string {
  return [
    `${count(executions)} results`, `${count(cuts)} cut`, `${count(wouldCuts)} that would have been cut`,
    ...(admitted === 0 ? [] : [`${count(admitted)} let through as streams`]),
    ...(lowerBounds === 0 ? [] : [`${count(lowerBounds)} of unknown end`]),
  ].join(', ');
}

/** From when to when. */
export function timeRange({ firstAtMs, lastAtMs }: Profile): string {
  return `${formatMoment(firstAtMs)} to ${formatMoment(lastAtMs)}`;
}

function nameList(title: string, names: Names, executions: number): string[] {
  // Of a name that was let in late, most may be the others' executions.
  const known = names.heaviest().filter(({ weight, missed }) => 2 * missed <= weight).slice(0, namesShown);
  const shown = known.map(({ key, weight, missed }) =>
    `${oneLine(key, longestName) || '(none)'} ${missed > 0 ? 'up to ' : ''}${percent(weight / executions)}`);
  const hidden = names.size - shown.length;
  const more = names.hasForgotten ? 'many more' : hidden > 0 ? `${hidden} more` : null;
  return [`${title.padEnd(10)}${[...shown, ...(more === null ? [] : [more])].join(', ')}`];
}

/** Who has executed it. */
export function who({ users, schemas, programs, clients, executions }: Profile): string[] {
  return [
    ...nameList('Users', users, executions),
    ...nameList('Schemas', schemas, executions),
    ...nameList('Programs', programs, executions),
    ...nameList('Clients', clients, executions),
  ];
}

/** How large its results were. */
export function pictures({ rows, bytes }: Profile): string[] {
  return [
    'Rows of a result, from … on', ...bars(rows.histogram, rounded),
    'Bytes of a result, from … on', ...bars(bytes.histogram, size),
  ];
}

/** The largest of them: when it was, and what it said. */
export function example({ example: found, digestText }: Profile): Record<'about' | 'text', string> {
  if (found === null) return { about: 'no example', text: '' };
  const { atMs, user, rows, bytes, sql } = found;
  const about = `the largest, ${formatMoment(atMs)}, ${oneLine(user, longestName) || '(none)'}, ` +
    `${count(rows)} rows, ${size(bytes)}`;
  return { about, text: shownAsItself(sql ?? digestText ?? '(the statement is not recorded)') };
}
