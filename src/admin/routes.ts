import type { EventLoopWatch } from '../telemetry/eventLoop.js';
import {
  exposition, EXPOSITION_TYPE, openMetrics, OPEN_METRICS_TYPE, wantsOpenMetrics,
} from '../telemetry/exposition.js';
import { liveView } from './live.js';
import type { Metrics } from '../telemetry/metrics.js';
import { livePage, type Page } from './page.js';
import { readMetrics } from '../telemetry/readMetrics.js';
import { firstPage } from './sessionPage.js';
import type { Administered } from '../telemetry/status.js';

/** An answer to a request. */
export interface Answer {
  readonly status: number;
  readonly body: string;
  /** The body's type; plain text if absent. */
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
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
}

type Responder = (sources: Sources, query: string) => Answer | Promise<Answer>;

const JSON_TYPE = 'application/json; charset=utf-8';
const READ = ['GET', 'HEAD'];
const CHANGE = ['POST'];

/** Read from its files at the first request. */
let knownPage: Page | undefined;

const responders: Readonly<Record<string, { readonly methods: readonly string[]; readonly respond: Responder }>> = {
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
  '/sessions': { methods: READ, respond: sessions },
  '/reload': { methods: CHANGE, respond: reload },
  '/drain': { methods: CHANGE, respond: (sources) => stopping(sources, 'POST /drain') },
  '/quit': { methods: CHANGE, respond: (sources) => stopping(sources, 'POST /quit') },
};

export function isKnownPath(path: string): boolean {
  return Object.hasOwn(responders, path);
}

/** The methods of a known path. */
export function methodsOf(path: string): readonly string[] {
  return responders[path]?.methods ?? [];
}

/** Answers an allowed request for a known path. */
export async function answerTo(path: string, query: string, sources: Sources): Promise<Answer> {
  return responders[path]!.respond(sources, query);
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
  const after = new URLSearchParams(query).get('after') ?? '0';
  if (!/^\d{1,15}$/.test(after)) return { status: 400, body: 'after: expected the number of a session\n' };
  const { views, isLast } = await firstPage(administered.sessions(Number(after)));
  const headers = isLast ? {} : { link: `</sessions?after=${views.at(-1)?.session}>; rel="next"` };
  return { status: 200, type: JSON_TYPE, headers, body: `${JSON.stringify(views)}\n` };
}

async function live({ administered }: Sources, query: string): Promise<Answer> {
  const view = await liveView(administered, query, Date.now());
  return { status: 200, type: JSON_TYPE, body: `${JSON.stringify(view)}\n` };
}

function page(): Answer {
  const { html, policy } = (knownPage ??= livePage());
  return {
    status: 200, type: 'text/html; charset=utf-8', body: html,
    headers: { 'content-security-policy': policy, 'referrer-policy': 'no-referrer' },
  };
}

async function reload({ administered }: Sources): Promise<Answer> {
  const { isApplied, lines } = await administered.reload();
  const body = isApplied ? { applied: true, changed: lines } : { applied: false, problems: lines };
  return { status: isApplied ? 200 : 422, type: JSON_TYPE, body: `${JSON.stringify(body)}\n` };
}

function stopping({ administered }: Sources, request: 'POST /drain' | 'POST /quit'): Answer {
  return { status: 202, body: 'stopping\n', afterwards: () => administered.stop(request) };
}
