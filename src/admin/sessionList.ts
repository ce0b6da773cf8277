import type { SessionView } from '../telemetry/status.js';
import { byUrgency, SessionFilter } from './sessionFilter.js';
import { firstBy, fitting } from './sessionPage.js';

/**
 * The sessions that a request asks for, the most urgent first, and how many there are.
 * @param query with the keys of `SessionFilter`, `idle` to list idle sessions too, and `skip` and `show` for a part of
 * the list
 * @param maxBytes of the list as JSON
 */
export async function sessionList(
  sessions: Iterable<SessionView> | AsyncIterable<SessionView>, query: string, maxBytes: number,
): Promise<SessionList> {
  const asked = new URLSearchParams(query);
  const filter = new SessionFilter(asked);
  const listsIdle = asked.has('idle') || asked.get('state') === 'idle';
  const [states, upstreams] = [new Map<string, number>(), new Map<string, number>()];
  const counts = { open: 0, matching: 0, idle: 0 };
  const skip = countIn(asked, 'skip', 0, Infinity);
  const show = countIn(asked, 'show', SESSIONS_SHOWN, MOST_SHOWN);
  const first = await firstBy(listed(), skip + show, byUrgency);
  const list = first.slice(skip);
  return {
    sessions: fitting(list, maxBytes),
    counts: { ...counts, states: Object.fromEntries(states), upstreams: Object.fromEntries(upstreams) },
    skip,
  };

  async function* listed(): AsyncGenerator<SessionView> {
    for await (const view of sessions) {
      counts.open += 1;
      countOne(states, view.state);
      if (view.upstream !== null) countOne(upstreams, view.upstream);
      if (!filter.matches(view)) continue;
      counts.matching += 1;
      const isIdle = view.state === 'idle';
      counts.idle += Number(isIdle);
      if (!isIdle || listsIdle) yield view;
    }
  }
}

/** A part of the sessions that a request asks for. */
export interface SessionList {
  readonly sessions: readonly SessionView[];
  readonly counts: {
    readonly open: number;
    /** The sessions that pass the filter, and the idle ones among them. */
    readonly matching: number;
    readonly idle: number;
    /** All open sessions, by their state. */
    readonly states: Readonly<Record<string, number>>;
    /** The same by their server. */
    readonly upstreams: Readonly<Record<string, number>>;
  };
  /** The number of sessions in the list before this part. */
  readonly skip: number;
}

function countOne(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** The number that a request gives; the default if it gives none, or one without sense. */
function countIn(asked: URLSearchParams, key: string, usual: number, most: number): number {
  const text = asked.get(key) ?? '';
  return /^\d{1,6}$/.test(text) ? Math.min(Number(text), most) : usual;
}

/** As many sessions as a page can show at once and a person can read. */
const SESSIONS_SHOWN = 50;
const MOST_SHOWN = 500;
