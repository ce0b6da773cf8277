import { inspect, stripVTControlCharacters } from 'node:util';
import { plainText } from './plainText.js';

/**
 * A line of the log for a person at a terminal: `10:31:02.123 INFO  listening  address=127.0.0.1:3307`. A stack trace
 * follows on lines of its own.
 * @param json one JSON object with its line feed, as the logger writes it
 */
export function readableLine(json: string): string {
  const { level, time, msg, err, ...rest } = JSON.parse(json) as Record<string, unknown>;
  const [label, colour] = LEVELS[String(level)] ?? [String(level), 0];
  const at = String(time).slice('2026-01-01T'.length, -1); // UTC, without the day
  const fields = Object.entries(rest).map(([name, value]) => field(name, value)).join(' ');
  const { stack } = Object(err) as { stack?: unknown };
  const trace = err === undefined ? [] : (typeof stack === 'string' ? stack : inspect(err)).split('\n');
  const below = trace.map((line) => `\n${oneLine(line)}`).join('');
  const text = oneLine(String(msg ?? ''));
  return `${at} \u001b[${colour}m${label}\u001b[0m ${text}${fields === '' ? '' : `  ${fields}`}${below}\n`;
}

/** The name of each level, padded to one width, and its SGR colour (ECMA-48). */
const LEVELS: Readonly<Record<string, readonly [string, number]>> = {
  trace: ['TRACE', 90], debug: ['DEBUG', 90], info: ['INFO ', 32], warn: ['WARN ', 33], error: ['ERROR', 31],
  fatal: ['FATAL', 31],
};

function field(name: string, value: unknown): string {
  const shown = typeof value === 'string' && /^[^\s"=\p{C}]+$/u.test(value) ? value : plainText(JSON.stringify(value));
  return `${name}=${shown}`;
}

/** Messages contain text from clients and servers, which must not control a terminal or begin a line. */
function oneLine(text: string): string {
  return stripVTControlCharacters(text).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, ' ');
}
