// Points in time: "2026-12-31" or "2026-12-31T18:00:00+01:00". A date-time without a zone is refused, because it would
// mean another moment on every host.

const DAY_MS = 24 * 3_600_000;

/** The days that each month has, and the 29th of February of leap years. */
const DATE = [
  '\\d{4}-(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])',
  '\\d{4}-(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)',
  '\\d{4}-02-(?:0[1-9]|1\\d|2[0-8])',
  '(?:\\d\\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29',
].join('|');
const TIME = '(?:[01]\\d|2[0-3]):[0-5]\\d(?::[0-5]\\d(?:\\.\\d{1,3})?)?(?:Z|[+-](?:[01]\\d|2[0-3]):[0-5]\\d)';

/** A date, or a date-time with its zone (RFC 3339, ISO 8601). */
export const MOMENT = new RegExp(`^(?:${DATE})(?:T${TIME})?$`);

/**
 * @param text a date, which means the beginning of that day in UTC, or a date-time with its zone (RFC 3339, ISO 8601)
 * @returns ms since 1970; undefined if the text is neither
 */
export function parseBeginning(text: string): number | undefined {
  return parseMoment(text, 0);
}

/**
 * @param text a date, which means the end of that day in UTC, or a date-time with its zone
 * @returns ms since 1970; undefined if the text is neither
 */
export function parseEnd(text: string): number | undefined {
  return parseMoment(text, DAY_MS);
}

function parseMoment(text: string, intoDayMs: number): number | undefined {
  if (!MOMENT.test(text)) return undefined;
  return text.includes('T') ? Date.parse(text) : Date.parse(`${text}T00:00:00Z`) + intoDayMs;
}

/** @returns a date-time in UTC: "2027-01-01T00:00:00Z" */
export function formatMoment(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z');
}
