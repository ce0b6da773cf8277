import { counted } from '../text/counted.js';

// Amounts as text for people.

const SIZE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** `1,000,000` */
export function count(number: number): string {
  return number.toLocaleString('en-US');
}

/** `1 row`, `1,000 rows` */
export function countOf(number: number, noun: string): string {
  return counted(number, noun, count(number));
}

/** `12 B`, `4.7 KiB`, `238.4 MiB` */
export function size(bytes: number): string {
  let amount = bytes;
  let unit = 0;
  for (; Math.abs(amount) >= 1024 && unit < SIZE_UNITS.length - 1; unit += 1) amount /= 1024;
  return `${unit === 0 ? Math.round(amount) : amount.toFixed(1)} ${SIZE_UNITS[unit]}`;
}

/** `0.25 ms`, `7 ms`, `2.1 s` */
export function duration(ms: number): string {
  if (ms > 0 && ms < 1) return `${ms.toFixed(2)} ms`;
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** `12.3%`, `0.042%` */
export function percent(part: number): string {
  return part > 0 && part < 0.001 ? `${Number((part * 100).toPrecision(2))}%` : `${(part * 100).toFixed(1)}%`;
}
