// Points in time: "2026-12-31" or "2026-12-31T18:00:00+01:00". A date-time without a zone is refused: it
// would mean another moment on every host.

const dayMs = 24 * 3_600_000;
const date = /^\d{4}-\d{2}-\d{2}$/;
const time = /^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,3})?)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/;

/** @returns when the day begins in UTC, in ms since 1970; undefined for the 30th of February and its kin */
function parseDay(text: string): number | undefined {
  const ms = date.test(text) ? Date.parse(`${text}T00:00:00Z`) : NaN;
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text) ? ms : undefined;
}

/**
 * @param text a date, for the beginning of that day in UTC, or a date-time with its zone (RFC 3339, ISO 8601)
 * @returns ms since 1970; undefined where the text is neither
 */
export function parseBeginning(text: string): number | undefined {
  return parseMoment(text, 0);
}

/**
 * @param text a date, for the end of that day in UTC, or a date-time with its zone
 * @returns ms since 1970; undefined where the text is neither
 */
export function parseEnd(text: string): number | undefined {
  return parseMoment(text, dayMs);
}

function parseMoment(text: string, intoDayMs: number): number | undefined {
  const [day = '', timeOfDay, ...rest] = text.split('T');
  const dayStartMs = parseDay(day);
  if (dayStartMs === undefined || rest.length > 0) return undefined;
  if (timeOfDay === undefined) return dayStartMs + intoDayMs;
  return time.test(timeOfDay) ? Date.parse(text) : undefined;
}

/** @returns a date-time in UTC: "2027-01-01T00:00:00Z" */
export function formatMoment(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z');
}
