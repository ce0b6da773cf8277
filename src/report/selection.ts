import type { Matcher } from '../policy/glob.js';
import type { RefusalRecord } from './reading.js';

/** The results that a report covers. */
export interface Selection {
  /** The first moment, in ms since 1970; -Infinity for no bound. */
  readonly sinceMs: number;
  /** The first moment that is too late; Infinity for no bound. */
  readonly untilMs: number;
  readonly user: Matcher;
  readonly schema: Matcher;
}

/** Whether a result or a refused statement is among those that a report covers. */
export function isSelected({ atMs, user, schema }: RefusalRecord, selection: Selection): boolean {
  if (atMs < selection.sinceMs || atMs >= selection.untilMs) return false;
  return selection.user(user) && selection.schema(schema);
}
