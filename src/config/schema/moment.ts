// Points in time: "2026-12-31" or "2026-12-31T18:00:00+01:00". A date-time without a zone is refused, because it would
// mean another moment on every host.

const DAY_MS = 24 * 3_600_000;
const DATE = /^\d{4}-\d{2}-\d{2}$/;
const TIME = /^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,3})?)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/;

/** @returns the beginning of the day in UTC, in ms since 1970; undefined for days such as the 30th of February */
function parseDay(text: string): number | undefined {
  const ms = DATE.test(text) ? Date.parse(`${text}T00:00:00Z`) : NaN;
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text) ? ms : undefined;
}

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
  const [day = '', timeOfDay, ...rest] = text.split('T');
  const dayStartMs = parseDay(day);
  if (dayStartMs === undefined || rest.length > 0) return undefined;
  if (timeOfDay === undefined) return dayStartMs + intoDayMs;
  return TIME.test(timeOfDay) ? Date.parse(text) : undefined;
}

/** @returns a date-time in UTC: "2027-01-01T00:00:00Z" */
export function formatMoment(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z');
}
