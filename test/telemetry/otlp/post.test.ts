import { readFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { post, type Destination, type Outcome } from '../../../src/telemetry/otlp/post.js';
import { makeAuthority } from '../../support/certificates.js';
import { answer, startCollector, type Answering } from '../../support/collector.js';
import { freePort } from '../../support/freePort.js';

const to = (url: string, rest: Partial<Destination> = {}): Destination =>
  ({ url: `${url}/v1/logs`, headers: {}, timeoutMs: 10_000, tls: {}, ...rest });

const send = (destination: Destination): Promise<Outcome> => post(destination, '{"a":1}', new AbortController().signal);

/** The outcome of a request with this answer. */
async function outcomeOf(t: Test, answering: Answering, rest: Partial<Destination> = {}): Promise<Outcome> {
  const collector = await startCollector(t);
  collector.answerNext(answering);
  const outcome = await send(to(collector.url, rest));
  t.equal(collector.received.length, 1, 'it is sent once');
  collector.stop();
  return outcome;
}

t.test('sends JSON with the headers of the configuration, and reads the answer', async (t) => {
  const collector = await startCollector(t);
  collector.answerNext(answer(200, {}, '{"partialSuccess":{}}'));
  const outcome = await send(to(collector.url, { headers: { authorization: 'Bearer x' } }));
  t.strictSame(outcome, { kind: 'taken', answer: '{"partialSuccess":{}}' });
  t.match(await collector.next(), {
    path: '/v1/logs', json: { a: 1 },
    headers: {
      'authorization': 'Bearer x', 'content-type': 'application/json', 'content-length': '7', 'connection': 'close',
    },
  });
});

t.test('tries a busy receiver again when its answer allows that', async (t) => {
  for (const status of [429, 502, 503, 504]) {
    t.strictSame(await outcomeOf(t, answer(status)), { kind: 'later', reason: `answers ${status}`, afterMs: null });
  }
  t.match(await outcomeOf(t, answer(429, { 'retry-after': '7' })), { kind: 'later', afterMs: 7000 });
  const date = new Date(Date.now() + 3_600_000).toUTCString();
  const { afterMs } = await outcomeOf(t, answer(503, { 'retry-after': date })) as { afterMs: number };
  t.ok(afterMs > 3_000_000 && afterMs <= 3_600_000);
  t.match(await outcomeOf(t, answer(503, { 'retry-after': 'Thu, 01 Jan 1970 00:00:00 GMT' })), { afterMs: 0 });
  t.match(await outcomeOf(t, answer(503, { 'retry-after': '99999999999' })), { afterMs: 99_999_999_999_000 });
  t.match(await outcomeOf(t, answer(503, { 'retry-after': 'soon' })), { afterMs: null });
});

t.test('does not try again after a refusal, and tells its reason on one short line', async (t) => {
  t.strictSame(await outcomeOf(t, answer(400, {}, '{"code":3,"message":"no\\nmetrics"}')), {
    kind: 'refused', reason: 'answers 400: no metrics',
  });
  t.strictSame(await outcomeOf(t, answer(404, {}, '<html>\u001b[2J')), {
    kind: 'refused', reason: 'answers 404: <html>\\u001b[2J',
  });
  const { reason } = await outcomeOf(t, answer(500, {}, 'x'.repeat(5000))) as { reason: string };
  t.equal(reason.length, 'answers 500: '.length + 200);
});

t.test('does not follow a redirect', async (t) => {
  const other = await startCollector(t);
  const outcome = await outcomeOf(t, answer(307, { location: `${other.url}/v1/logs` }));
  t.match(outcome, { kind: 'refused', reason: `answers 307, a redirect to ${other.url}/v1/logs, which is not followed` });
  t.equal(other.received.length, 0);
});

t.test('reads a bounded part of an endless answer', async (t) => {
  let sent = 0;
  const outcome = await outcomeOf(t, (response) => {
    response.writeHead(200);
    const chunk = Buffer.alloc(64 * 1024, 'x');
    const more = (): void => {
      while (!response.destroyed && response.write(chunk)) sent += chunk.length;
    };
    response.on('drain', more);
    more();
  });
  t.strictSame(outcome, { kind: 'taken', answer: null });
  t.ok(sent < 100 * 1024 * 1024);
});

t.test('waits no longer than the time limit for an answer and its end', async (t) => {
  const soon = { timeoutMs: 50 };
  t.strictSame(await outcomeOf(t, () => {}, soon), { kind: 'later', reason: 'no answer within 50 ms', afterMs: null });
  const halfAnswer: Answering = (response) => void response.writeHead(200, { 'content-length': '100' }).write('{');
  t.strictSame(await outcomeOf(t, halfAnswer, soon), { kind: 'taken', answer: null }, 'what it has said counts');
});

t.test('reports a connection that breaks before or within an answer', async (t) => {
  t.match(await outcomeOf(t, (response) => response.destroy()), { kind: 'later', reason: 'socket hang up' });
  const broken: Answering = (response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('{', () => response.destroy());
  };
  t.strictSame(await outcomeOf(t, broken), { kind: 'taken', answer: null }, 'what it has said counts');
  t.match(await outcomeOf(t, (response) => void response.socket?.end('lies\r\n\r\n')), { kind: 'later', reason: /Parse Error/ });
  t.match(await send(to(`http://127.0.0.1:${await freePort()}`)), { kind: 'later', reason: /ECONNREFUSED/ });
});

t.test('ends at once when aborted', async (t) => {
  const collector = await startCollector(t);
  collector.answerNext(() => {});
  const abortion = new AbortController();
  const sending = post(to(collector.url), '{}', abortion.signal);
  await collector.next();
  abortion.abort();
  t.match(await sending, { kind: 'later', reason: /aborted/ });
});

t.test("checks the receiver's certificate over HTTPS", async (t) => {
  const authority = await makeAuthority(t);
  const { cert, key } = await authority.issue('receiver', 'IP:127.0.0.1');
  const collector = await startCollector(t, { cert: readFileSync(cert), key: readFileSync(key) });
  t.match(await send(to(collector.url)), { kind: 'later', reason: /certificate/ });
  t.match(await send(to(collector.url, { tls: { ca: readFileSync(authority.ca) } })), { kind: 'taken' });
  t.equal(collector.received.length, 1);
});

t.test('gives up a receiver that sends interim answers without an end', async (t) => {
  const endless: Answering = (response) => {
    const timer = setInterval(() => response.writeContinue(), 1);
    response.on('close', () => clearInterval(timer));
  };
  const outcome = await outcomeOf(t, endless, { timeoutMs: 60_000 });
  t.strictSame(outcome, { kind: 'later', reason: 'sends one interim answer (1xx) after the other', afterMs: null });
});
