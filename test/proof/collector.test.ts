import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import t, { type Test } from 'tap';
import { startAdministered } from '../admin/administered.js';
import { startCollector } from '../support/collector.js';
import { folderOf, isMissing } from '../support/drivers.js';
import { freePort } from '../support/freePort.js';
import { guard, spawned } from '../support/guard.js';
import { IS_WHOLE } from './scale.js';

// The OTLP receiver of OpenTelemetry's Collector gets the spans of an application's request and of Sluice's part in it.
// The receiver takes minutes to build, so only the whole proof uses it. Otherwise the test plays the receiver.

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const APPLICATION_SPAN_ID = '00f067aa0ba902b7';

interface Receiver {
  readonly url: string;
  /** Ends the receiver. Resolves with all that it has taken. */
  end(): Promise<readonly Received[]>;
}

interface Received {
  readonly signal: string;
  readonly data: unknown;
}

/** A receiver that takes everything. */
const startPlayed = async (t: Test): Promise<Receiver> => {
  const { url, received } = await startCollector(t);
  return {
    url, end: async () => received.map(({ path, json }) => ({ signal: path.replace('/v1/', ''), data: json })),
  };
};

/** The Collector's receiver. It tells what it has taken once its input is closed. */
const startBuilt = async (t: Test): Promise<Receiver> => {
  const port = await freePort();
  const program = join(folderOf('collector'), 'collector');
  const child = spawn('env', [program, `127.0.0.1:${port}`], { stdio: 'pipe' });
  t.teardown(guard(await spawned(child)));
  t.teardown(() => child.kill('SIGKILL'));
  child.stderr.pipe(process.stderr);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  t.equal((await lines.next()).value, 'ready');
  return {
    url: `http://127.0.0.1:${port}`,
    async end(): Promise<readonly Received[]> {
      child.stdin.end();
      const received: Received[] = [];
      for (let line = await lines.next(); line.done !== true; line = await lines.next()) {
        const [, signal = '', json = ''] = /^(\w+) (.*)$/.exec(line.value) ?? [];
        received.push({ signal, data: JSON.parse(json) });
      }
      return received;
    },
  };
};

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly status: { readonly code?: number; readonly message?: string };
}

const spansIn = (received: readonly Received[]): readonly Span[] =>
  received.filter(({ signal }) => signal === 'traces').flatMap(({ data }) => {
    const { resourceSpans } = data as { resourceSpans: { scopeSpans: { spans: Span[] }[] }[] };
    return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
  });

const nanoseconds = (ms: number): string => `${Math.round(ms)}000000`;

/** Sends the span of an application's request, as its own exporter would. */
const sendApplicationSpan = async (url: string, startMs: number, endMs: number): Promise<void> => {
  const span = {
    traceId: TRACE_ID, spanId: APPLICATION_SPAN_ID, name: 'GET /reports/{id}', kind: 2,
    startTimeUnixNano: nanoseconds(startMs), endTimeUnixNano: nanoseconds(endMs), status: {},
  };
  const body = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] });
  const headers = { 'content-type': 'application/json' };
  const { ok } = await fetch(`${url}/v1/traces`, { method: 'POST', headers, body });
  if (!ok) throw new Error('the receiver has refused the span of the application');
};

/** The trace as Jaeger draws it: each span below its parent, with its part of the time. */
const picture = (spans: readonly Span[], root: Span): string => {
  const width = 40;
  const start = Number(root.startTimeUnixNano);
  const whole = Math.max(...spans.map(({ endTimeUnixNano }) => Number(endTimeUnixNano))) - start;
  const line = (span: Span, depth: number): string => {
    const [from, to] = [span.startTimeUnixNano, span.endTimeUnixNano].map((at) => (Number(at) - start) / whole);
    const bar = '#'.repeat(Math.max(1, Math.round((to! - from!) * width)));
    const ms = ((Number(span.endTimeUnixNano) - Number(span.startTimeUnixNano)) / 1e6).toFixed(1);
    const name = `${'  '.repeat(depth)}${span.name}`.padEnd(28);
    const mark = span.status.code === 2 ? `  ! ${span.status.message ?? ''}` : '';
    return `${name}|${`${' '.repeat(Math.round(from! * width))}${bar}`.padEnd(width)}| ${ms} ms${mark}`;
  };
  const below = (parent: Span, depth: number): string[] =>
    [line(parent, depth), ...spans.filter(({ parentSpanId }) => parentSpanId === parent.spanId)
      .flatMap((span) => below(span, depth + 1))];
  return [`trace ${root.traceId}`, ...below(root, 0)].join('\n');
};

const skip = IS_WHOLE && isMissing({ language: 'collector' });

t.test("a receiver takes metrics, logs and a request's trace with its cut", { skip }, async (t) => {
  const receiver = await (IS_WHOLE ? startBuilt(t) : startPlayed(t));
  const { program, connect } = await startAdministered(t, {
    limits: { rows: 100 }, telemetry: { otlp: { endpoint: receiver.url } },
  });
  const client = await connect();
  const startMs = Date.now();
  await client.query('SELECT 1');
  const traceparent = `00-${TRACE_ID}-${APPLICATION_SPAN_ID}-01`;
  await client.query(`SELECT * FROM rows_1000 /*route='%2Freports',traceparent='${traceparent}'*/`);
  await sendApplicationSpan(receiver.url, startMs, Date.now() + 2);
  client.close();
  program.kill('SIGTERM');
  await program.ended;
  const received = await receiver.end();
  t.strictSame([...new Set(received.map(({ signal }) => signal))].sort(), ['logs', 'metrics', 'traces']);
  const spans = spansIn(received);
  const root = spans.find(({ spanId }) => spanId === APPLICATION_SPAN_ID)!;
  const cut = spans.find(({ parentSpanId }) => parentSpanId === APPLICATION_SPAN_ID);
  t.match(cut, { traceId: TRACE_ID, name: 'SELECT rows_1000', status: { code: 2 } });
  t.match(received.filter(({ signal }) => signal === 'logs').map(({ data }) => JSON.stringify(data)).join(), TRACE_ID);
  t.match(received.map(({ data }) => JSON.stringify(data)).join(), 'db.client.response.returned_rows');
  t.comment(picture(spans, root));
});
