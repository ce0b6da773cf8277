import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingHttpHeaders, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import type { Lifetime } from './guard.js';

/** A request that a receiver of OTLP got. */
export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** Its body. */
  readonly json: unknown;
}

/** The answer of a receiver to a request. */
export type Answering = (response: ServerResponse, received: Received) => void;

export interface Collector {
  readonly url: string;
  /** The requests that it got so far. */
  readonly received: readonly Received[];
  /** The highest number of requests under way at the same time. */
  readonly mostAtOnce: number;
  /** Answers the next request in this way instead of accepting it. A second call is for the request after that. */
  answerNext(answering: Answering): void;
  /** Resolves with the next request that no earlier call has returned. */
  next(): Promise<Received>;
  stop(): void;
}

/** Accepts a request with an empty answer. */
const take: Answering = (response) => response.setHeader('content-type', 'application/json').end('{}');

/** Answers with a status, with these headers and this body. */
export const answer = (status: number, headers: Readonly<Record<string, string>> = {}, body = ''): Answering =>
  (response) => response.writeHead(status, headers).end(body);

/** Starts a receiver of OTLP over HTTP, played by the test; with `tls` it speaks HTTPS. */
export const startCollector = async (t: Lifetime, tls?: SecureContextOptions): Promise<Collector> => {
  const received: Received[] = [];
  const scripted: Answering[] = [];
  let [taken, underWay, mostAtOnce] = [0, 0, 0];
  let arrived = () => {};
  const listener: RequestListener = (request, response) => {
    underWay += 1;
    mostAtOnce = Math.max(mostAtOnce, underWay);
    response.on('close', () => (underWay -= 1));
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      const one = { path: request.url ?? '', headers: request.headers, text, json: JSON.parse(text) as unknown };
      received.push(one);
      arrived();
      (scripted.shift() ?? take)(response, one);
    });
  };
  const server = tls === undefined ? createHttpServer(listener) : createHttpsServer(tls, listener);
  const stop = (): void => {
    server.close();
    server.closeAllConnections();
  };
  t.teardown(stop);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http${tls === undefined ? '' : 's'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    get mostAtOnce() {
      return mostAtOnce;
    },
    answerNext: (answering) => scripted.push(answering),
    async next() {
      while (received.length === taken) await new Promise<void>((resolve) => (arrived = resolve));
      return received[taken++]!;
    },
    stop,
  };
};
