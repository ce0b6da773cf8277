import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { SecureContextOptions } from 'node:tls';
import { oneLine } from '../../audit/plainText.js';
import { world } from '../../world/world.js';

/**
 * Sends one request and reads its answer, up to a bound. Follows no redirect. Keeps no connection: if the receiver
 * closed it while idle, the next request would fail.
 * @param body JSON
 * @param signal aborts the request
 */
export function post(destination: Destination, body: string, signal: AbortSignal): Promise<Outcome> {
  const { url, headers, timeoutMs, tls } = destination;
  return new Promise((resolve) => {
    const send = url.startsWith('https:') ? httpsRequest : httpRequest;
    const content = Buffer.from(body);
    const request = send(url, {
      ...tls, method: 'POST', agent: false, signal,
      headers: { ...headers, 'content-type': 'application/json', 'content-length': content.length },
    });
    const settle = (outcome: Outcome): void => {
      world.cancel(timer);
      resolve(outcome);
      request.destroy();
    };
    const fail = (reason: string): void => settle({ kind: 'later', reason, afterMs: null });
    let timeIsUp = (): void => fail(`no answer within ${timeoutMs} ms`);
    const timer = world.after(timeoutMs, () => timeIsUp()).unref();
    request.on('error', (error: NodeJS.ErrnoException) => fail(error.message || (error.code ?? error.name)));
    let interimAnswers = 0;
    request.on('information', () => {
      interimAnswers += 1;
      if (interimAnswers > MAX_INTERIM_ANSWERS) fail('sends one interim answer (1xx) after the other');
    });
    request.on('response', (response) => {
      // Only the status decides, even if the body does not come: accepted items must not be sent again.
      const done = (answer: string | null): void => settle(outcomeOf(response, answer));
      timeIsUp = () => done(null);
      readBody(response, done);
    });
    request.end(content);
  });
}

/** The receiver of requests, and the parts that all requests to it share. */
export interface Destination {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The longest time for a request and its answer. */
  readonly timeoutMs: number;
  readonly tls: SecureContextOptions;
}

/** The outcome of a request. */
export type Outcome =
  /** Accepted. `answer` is the body; null if it did not arrive completely or is too large. */
  | { readonly kind: 'taken'; readonly answer: string | null }
  /** To be sent again, after `afterMs` at the earliest; null if the receiver gives no time. */
  | { readonly kind: 'later'; readonly reason: string; readonly afterMs: number | null }
  /** Refused for good. */
  | { readonly kind: 'refused'; readonly reason: string };

/** The longest answer that is read. */
const MAX_ANSWER_BYTES = 64 * 1024;
/** Interim answers (100 Continue, 103 Early Hints) precede the answer. */
const MAX_INTERIM_ANSWERS = 10;
const LONGEST_QUOTE = 200;

/** Source: https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes */
const RETRYABLE: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** @param done gets the body; null if it is too large or does not arrive completely */
function readBody(response: IncomingMessage, done: (answer: string | null) => void): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) done(null);
    else chunks.push(chunk);
  });
  response.on('end', () => done(Buffer.concat(chunks).toString()));
  response.on('error', () => done(null));
}

function outcomeOf({ statusCode = 0, headers }: IncomingMessage, answer: string | null): Outcome {
  if (statusCode >= 200 && statusCode < 300) return { kind: 'taken', answer };
  if (statusCode >= 300 && statusCode < 400) {
    const to = headers.location === undefined ? '' : ` to ${quoted(headers.location)}`;
    return { kind: 'refused', reason: `answers ${statusCode}, a redirect${to}, which is not followed` };
  }
  const reason = `answers ${statusCode}${saidIn(answer)}`;
  if (!RETRYABLE.has(statusCode)) return { kind: 'refused', reason };
  return { kind: 'later', reason, afterMs: retryAfterMs(headers['retry-after'], world.dateMs()) };
}

/** The message of OTLP's Status in the answer; the first characters of any other answer. */
function saidIn(answer: string | null): string {
  if (answer === null || answer === '') return '';
  const { message } = Object(parsed(answer)) as { message?: unknown };
  return `: ${quoted(typeof message === 'string' ? message : answer)}`;
}

/** A receiver's text, shortened to one line of a log. */
export function quoted(text: string): string {
  return oneLine(text, LONGEST_QUOTE);
}

/** @returns undefined if the text is not JSON */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** RFC 9110, 10.2.3: seconds, or a date. @returns null if the header is missing or has neither form */
function retryAfterMs(header: string | undefined, nowMs: number): number | null {
  if (header === undefined) return null;
  if (/^\d+$/.test(header)) return Number(header) * 1000;
  const atMs = Date.parse(header);
  return Number.isNaN(atMs) ? null : Math.max(0, atMs - nowMs);
}
