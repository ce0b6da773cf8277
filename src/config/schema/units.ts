import { counted } from '../../text/counted.js';

// Sizes and times as people write them: "64KiB", "10s". Only whole numbers and the units of the two tables are allowed.
// "64KB" is refused, because half of its readers take it for 64,000 and the other half for 65,536.

const BYTES_OF_UNIT = { TiB: 2 ** 40, GiB: 2 ** 30, MiB: 2 ** 20, KiB: 2 ** 10, B: 1 };
const MS_OF_UNIT = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

/** The forms of a size and of a time. */
export const SIZE = formOf(BYTES_OF_UNIT);
export const DURATION = formOf(MS_OF_UNIT);

type Units = Readonly<Record<string, number>>;

function formOf(units: Units): RegExp {
  return new RegExp(`^(\\d{1,16}) ?(${Object.keys(units).join('|')})$`);
}

function parseWithUnit(text: string, form: RegExp, units: Units): number | undefined {
  const [, digits, unit = ''] = form.exec(text) ?? [];
  return digits === undefined ? undefined : Number(digits) * (units[unit] ?? NaN);
}

/** @param units the largest first */
function formatWithUnit(amount: number, units: Units): string {
  const divides = ([, worth]: [string, number]) => worth === 1 || (amount > 0 && amount % worth === 0);
  const [unit, worth] = Object.entries(units).find(divides) ?? ['', 1];
  return `${amount / worth}${unit}`;
}

/**
 * @param text a whole number with B, KiB, MiB, GiB or TiB: "64KiB", "64 KiB"
 * @returns bytes, possibly beyond the safe integers; undefined if the text is no size
 */
export function parseSize(text: string): number | undefined {
  return parseWithUnit(text, SIZE, BYTES_OF_UNIT);
}

/** @returns a number of bytes in the largest unit that divides it: 65536 is "64KiB", 1000 is "1000B" */
export function formatSize(bytes: number): string {
  return formatWithUnit(bytes, BYTES_OF_UNIT);
}

/** @returns the same for people: 65536 is "64 KiB", 1000 is "1000 bytes" */
export function readableSize(bytes: number): string {
  const isRound = bytes >= 1024 && bytes % 1024 === 0;
  return isRound ? formatSize(bytes).replace(/(?=[A-Z])/, ' ') : counted(bytes, 'byte');
}

/**
 * @param text a whole number with ms, s, m or h: "10s"
 * @returns milliseconds; undefined if the text is no time
 */
export function parseDuration(text: string): number | undefined {
  return parseWithUnit(text, DURATION, MS_OF_UNIT);
}

/** @returns a number of milliseconds in the largest unit that divides it: 90000 is "90s", 1500 is "1500ms" */
export function formatDuration(ms: number): string {
  return formatWithUnit(ms, MS_OF_UNIT);
}
