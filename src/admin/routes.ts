import type { ServerResponse } from 'node:http';
import type { EventLoopWatch } from '../telemetry/eventLoop.js';
import {
  exposition, EXPOSITION_TYPE, openMetrics, OPEN_METRICS_TYPE, wantsOpenMetrics,
} from '../telemetry/exposition.js';
import { streamEvents } from './eventStream.js';
import { liveView } from './live.js';
import type { Metrics } from '../telemetry/metrics.js';
import { livePage, runbook, type Page } from './page.js';
import { readMetrics } from '../telemetry/readMetrics.js';
import { SessionFilter } from './sessionFilter.js';
import { firstPage } from './sessionPage.js';
import { NO_SUCH_SESSION, type Asker, type OrderOutcome, type SessionOrder } from '../telemetry/sessionOrder.js';
import type { Administered } from '../telemetry/status.js';
import { world } from '../world/world.js';

/** An answer to a request. */
export interface Answer {
  readonly status: number;
  readonly body: string;
  /** The body's type; plain text if absent. */
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Writes a body that continues while the client listens; `body` is then empty. */
  readonly stream?: (response: ServerResponse) => void;
  /** Runs after the answer has been sent. */
  readonly afterwards?: () => void;
}

/** The sources of answers. */
export interface Sources {
  readonly administered: Administered;
  readonly metrics: Metrics;
  readonly loop: EventLoopWatch;
  readonly version: string;
  /** The request's header `Accept`; empty if it has none. */
  readonly accept: string;
  /** The request's header `Last-Event-ID`; empty if it has none. */
  readonly lastEventId: string;
  /** The client that sends the request. */
  readonly asker: Asker;
}

type Responder = (sources: Sources, query: string) => Answer | Promise<Answer>;

const JSON_TYPE = 'application/json; charset=utf-8';
const EVENTS_TYPE = 'text/event-stream; charset=utf-8';
const READ = ['GET', 'HEAD'];
const CHANGE = ['POST'];

/** Read from their files at the first request. */
let knownPage: Page | null = null;
let knownRunbook: string | null = null;

/** The handlers of the requests for a path. */
export interface Route {
  readonly methods: readonly string[];
  readonly respond: Responder;
}

const ROUTES: Readonly<Record<string, Route>> = {
  '/': { methods: READ, respond: page },
  '/live': { methods: READ, respond: live },
  '/livez': { methods: READ, respond: () => ({ status: 200, body: 'alive\n' }) },
  '/readyz': { methods: READ, respond: readiness },
  '/metrics': {
    methods: READ,
    respond: async (sources) => {
      const own = readMetrics({ ...sources, loopDelay: sources.loop.delay });
      const all = await sources.administered.allMetrics(own);
      return wantsOpenMetrics(sources.accept)
        ? { status: 200, type: OPEN_METRICS_TYPE, body: openMetrics(all) }
        : { status: 200, type: EXPOSITION_TYPE, body: exposition(all) };
    },
  },
  '/config': {
    methods: READ,
    respond: ({ administered }) => ({ status: 200, type: JSON_TYPE, body: `${administered.configText()}\n` }),
  },
  '/events': { methods: READ, respond: events },
  '/runbook': { methods: READ, respond: () => ({ status: 200, body: (knownRunbook ??= runbook()) }) },
  '/sessions': { methods: READ, respond: sessions },
  '/reload': { methods: CHANGE, respond: reload },
  '/drain': { methods: CHANGE, respond: (sources) => stopping(sources, 'POST /drain') },
  '/quit': { methods: CHANGE, respond: (sources) => stopping(sources, 'POST /quit') },
};

/** The route of a path; null if there is none. */
export function routeOf(path: string): Route | null {
  if (Object.hasOwn(ROUTES, path)) return ROUTES[path]!;
  const [, session, order] = /^\/sessions\/(\d{1,15})(?:\/(kill|end))?$/.exec(path) ?? [];
  if (session === undefined) return null;
  if (order === undefined) return { methods: READ, respond: (sources) => sessionDetail(sources, Number(session)) };
  return { methods: CHANGE, respond: (sources) => giveOrder(sources, Number(session), order as SessionOrder) };
}

async function readiness({ administered }: Sources, query: string): Promise<Answer> {
  if (!administered.isReady) return { status: 503, body: 'stopping\n' };
  const asksUpstream = new URLSearchParams(query).has('upstream');
  if (asksUpstream && !(await administered.reachesUpstream())) {
    return { status: 503, body: 'the upstream server accepts no login\n' };
  }
  return { status: 200, body: 'ready\n' };
}

/** Lists as many sessions as one answer has room for. A Link header leads to the others. */
async function sessions({ administered }: Sources, query: string): Promise<Answer> {
  const asked = new URLSearchParams(query);
  const after = asked.get('after') ?? '0';
  if (!/^\d{1,15}$/.test(after)) return { status: 400, body: 'after: expected the number of a session\n' };
  const filter = new SessionFilter(asked);
  const { views, isLast } = await firstPage(administered.sessions(Number(after)), (view) => filter.matches(view));
  asked.set('after', String(views.at(-1)?.session));
  const headers = isLast ? {} : { link: `</sessions?${asked}>; rel="next"` };
  return { status: 200, type: JSON_TYPE, headers, body: `${JSON.stringify(views)}\n` };
}

async function sessionDetail({ administered }: Sources, session: number): Promise<Answer> {
  const detail = await administered.session(session);
  if (detail === null) return { status: 404, body: `${NO_SUCH_SESSION.message}\n` };
  const past = administered.history.after(0).filter((event) => event['session'] === session);
  return { status: 200, type: JSON_TYPE, body: `${JSON.stringify({ ...detail, events: past })}\n` };
}

/** The events after the last one that the client has, and all later ones. */
function events({ administered, lastEventId }: Sources): Answer {
  if (!/^\d{0,15}$/.test(lastEventId)) return { status: 400, body: 'Last-Event-ID: expected the id of an event\n' };
  const afterId = Number(lastEventId);
  const { history } = administered;
  return { status: 200, type: EVENTS_TYPE, body: '', stream: (response) => streamEvents(response, history, afterId) };
}

async function live(sources: Sources, query: string): Promise<Answer> {
  const view = await liveView(sources, query, world.dateMs());
  return { status: 200, type: JSON_TYPE, body: `${JSON.stringify(view)}\n` };
}

function page(): Answer {
  const { html, policy } = (knownPage ??= livePage());
  return {
    status: 200, type: 'text/html; charset=utf-8', body: html,
    headers: { 'content-security-policy': policy, 'referrer-policy': 'no-referrer' },
  };
}

/** The status of the answer to an order. */
const ORDER_STATUS: Readonly<Record<OrderOutcome, number>> = {
  'killed': 200, 'ended': 200, 'absent': 404, 'refused': 409, 'no-match': 409, 'withdrawn': 409,
  'failed': 502, 'unknown': 502,
};

/** Ends a session or its statement. Where nothing was killed, the answer has the statement that does it by hand. */
async function giveOrder(
  { administered, asker }: Sources, session: number, order: SessionOrder,
): Promise<Answer> {
  const { outcome, connectionId, message } = await administered.order(session, order, asker);
  const byHand = order === 'kill' && outcome !== 'killed' && connectionId !== null;
  const told = { session, outcome, connectionId, message, ...(byHand ? { sql: `KILL QUERY ${connectionId}` } : {}) };
  return { status: ORDER_STATUS[outcome], type: JSON_TYPE, body: `${JSON.stringify(told)}\n` };
}

async function reload({ administered }: Sources): Promise<Answer> {
  const { isApplied, lines } = await administered.reload();
  const body = isApplied ? { applied: true, changed: lines } : { applied: false, problems: lines };
  return { status: isApplied ? 200 : 422, type: JSON_TYPE, body: `${JSON.stringify(body)}\n` };
}

function stopping({ administered }: Sources, request: 'POST /drain' | 'POST /quit'): Answer {
  return { status: 202, body: 'stopping\n', afterwards: () => administered.stop(request) };
}
