// Amounts as text. The files of this folder make one script: later files use the declarations of earlier ones.

const SIZE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** `1,234` and, from a million on, `1.23 M`. */
function showCount(number) {
  if (number < 1e6) return Math.round(number).toLocaleString('en-US');
  const [worth, unit] = number < 1e9 ? [1e6, 'M'] : number < 1e12 ? [1e9, 'G'] : [1e12, 'T'];
  return `${(number / worth).toPrecision(3)} ${unit}`;
}

/** `12 B`, `4.7 KiB`, `238 MiB` */
function showSize(bytes) {
  let amount = bytes;
  let unit = 0;
  for (; Math.round(amount) >= 1024 && unit < SIZE_UNITS.length - 1; unit += 1) amount /= 1024;
  return `${unit === 0 || amount >= 100 ? Math.round(amount) : Number(amount.toFixed(1))} ${SIZE_UNITS[unit]}`;
}

/** `7 ms`, `2.1 s`, `3 min`, `5 h`, `12 days` */
function showTime(ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`;
  return ms < 172_800_000 ? `${Math.round(ms / 3_600_000)} h` : `${Math.round(ms / 86_400_000)} days`;
}

/** `11:34:09`, and the date if it is not today's. */
function showMoment(time) {
  const moment = new Date(time);
  const isToday = moment.toDateString() === new Date().toDateString();
  return isToday ? moment.toLocaleTimeString([], { hour12: false }) : moment.toLocaleString([], { hour12: false });
}

/** `12.3%`, `0.042%` */
function showPart(part) {
  return part > 0 && part < 0.001 ? `${Number((part * 100).toPrecision(2))}%` : `${(part * 100).toFixed(1)}%`;
}

/** `1 session`, `1,234 sessions` */
function counted(count, noun) {
  return `${showCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** `1 row`, `1,234 rows` */
const showRows = (rows) => counted(rows, 'row');

/**
 * The units of results: how an amount is shown in full and on an axis, and the factor between two marks of the axis.
 */
const UNITS = {
  bytes: { name: 'bytes', show: showSize, mark: showSize, stepFactor: 16 },
  rows: { name: 'rows', show: showRows, mark: showCount, stepFactor: 10 },
};

/**
 * Text of any origin. Characters that change its direction, are invisible, or stand for no character are shown as
 * escapes.
 */
function shownAsItself(text) {
  return text.replace(/(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    const hex = character.codePointAt(0).toString(16);
    return hex.length > 4 ? `\\u{${hex}}` : `\\u${hex.padStart(4, '0')}`;
  });
}
