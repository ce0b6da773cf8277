import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { formatAddress } from '../config/address.js';
import type { Address } from '../config/config.js';
import { Gatekeeper } from './gatekeeper.js';
import { routeOf, type Answer } from './routes.js';
import { EventLoopWatch } from '../telemetry/eventLoop.js';
import type { Metrics } from '../telemetry/metrics.js';
import type { Administered } from '../telemetry/status.js';
import { errorText } from '../text/errorText.js';

/** The most connections at the same time. A further one closes the oldest, so that a probe always gets in. */
const MAX_CONNECTIONS = 64;
const REQUEST_TIMEOUT_MS = 5000;
const IDLE_TIMEOUT_MS = 10_000;
const MAX_HEADER_BYTES = 8192;

/** The paths that need no token. The page itself contains no data until it has asked `/live`; the runbook has none. */
const PUBLIC: ReadonlySet<string> = new Set(['/', '/runbook', '/livez', '/readyz', '/metrics']);

/** The parts of an endpoint. */
export interface EndpointOptions {
  readonly listen: Address;
  /** null if there is none. */
  readonly token: string | null;
  readonly administered: Administered;
  readonly metrics: Metrics;
  readonly version: string;
  /** Called when an unexpected error has prevented an answer. */
  failed(error: unknown): void;
}

/** The admin endpoint: shows the state of the program over HTTP, and takes a few orders. */
export class AdminEndpoint {
  private readonly server: Server;
  private readonly loop = new EventLoopWatch();
  private readonly sockets = new Set<Socket>();
  /** Answers that continue while their clients listen. */
  private readonly streams = new Set<ServerResponse>();
  private gatekeeper: Gatekeeper;
  /** The lists of sessions under way, by request. An equal request in the meantime gets the same list. */
  private readonly listings = new Map<string, Promise<Answer>>();

  private constructor(private readonly options: EndpointOptions) {
    this.gatekeeper = new Gatekeeper(options.token);
    this.server = createServer(
      {
        maxHeaderSize: MAX_HEADER_BYTES,
        headersTimeout: REQUEST_TIMEOUT_MS,
        requestTimeout: REQUEST_TIMEOUT_MS,
        keepAliveTimeout: IDLE_TIMEOUT_MS,
        connectionsCheckingInterval: 1000,
        requireHostHeader: false, // its absence is answered by the gatekeeper
      },
      (request, response) => this.respondSafely(request, response),
    );
    this.server.on('connection', (socket: Socket) => this.admit(socket));
  }

  /**
   * Starts to listen.
   * @throws the system's error if it cannot listen on the address
   */
  static async start(options: EndpointOptions): Promise<AdminEndpoint> {
    const endpoint = new AdminEndpoint(options);
    const { host, port } = options.listen;
    endpoint.server.listen({ host, port });
    await once(endpoint.server, 'listening');
    return endpoint;
  }

  /** The address on which it listens, with the real port. */
  get address(): Address {
    const { address, port } = this.server.address() as AddressInfo;
    return { host: address, port };
  }

  /** Replaces the token; null for none. */
  set token(token: string | null) {
    this.gatekeeper = new Gatekeeper(token);
  }

  /** Accepts no more requests, and closes after the answers that are due. */
  retire(): void {
    this.loop.stop();
    for (const stream of this.streams) stream.end();
    this.server.close();
  }

  /** Closes at once. */
  close(): void {
    this.retire();
    this.server.closeAllConnections();
  }

  private admit(socket: Socket): void {
    socket.setTimeout(IDLE_TIMEOUT_MS, () => socket.destroy()); // also for a client that does not read its answer
    socket.on('close', () => this.sockets.delete(socket));
    this.sockets.add(socket);
    if (this.sockets.size <= MAX_CONNECTIONS) return;
    const [oldest] = this.sockets;
    oldest?.destroy();
  }

  /** Answers a request. An error ends this request alone. */
  private respondSafely(request: IncomingMessage, response: ServerResponse): void {
    this.respond(request, response).catch((error: unknown) => {
      response.destroy();
      this.options.failed(error);
    });
  }

  private async respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = await this.answer(request);
    if (response.destroyed) return;
    const { status, body, type = 'text/plain; charset=utf-8', headers = {}, stream } = answer;
    const content = Buffer.from(body);
    response.writeHead(status, {
      'content-type': type,
      ...(stream === undefined ? { 'content-length': content.length } : {}),
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...headers,
    });
    if (stream !== undefined && request.method !== 'HEAD') {
      this.streams.add(response.once('close', () => this.streams.delete(response)));
      stream(response);
      return;
    }
    response.end(request.method === 'HEAD' ? undefined : content, answer.afterwards);
  }

  private async answer(request: IncomingMessage): Promise<Answer> {
    const [path = '', query = ''] = (request.url ?? '').split('?', 2);
    const route = routeOf(path);
    if (route === null) return { status: 404, body: 'there is no such path\n' };
    const { methods } = route;
    if (!methods.includes(request.method ?? '')) {
      return {
        status: 405, body: `answers only to ${methods.join(' and ')}\n`, headers: { allow: methods.join(', ') },
      };
    }
    const changesState = methods.includes('POST');
    const { headers, socket } = request;
    const isPublic = PUBLIC.has(path);
    const remoteAddress = socket.remoteAddress ?? '';
    const hasToken = this.gatekeeper.hasToken(headers.authorization);
    const refusal = this.gatekeeper.refusal({ headers, remoteAddress, isPublic, changesState });
    if (refusal !== null) {
      const challenge = refusal.status === 401 ? { 'www-authenticate': 'Bearer' } : {};
      return { status: refusal.status, body: `${refusal.says}\n`, headers: challenge };
    }
    if (hasBody(request)) {
      return { status: 413, body: 'no request here has a body\n', headers: { connection: 'close' } };
    }
    try {
      const asker = { client: formatAddress({ host: remoteAddress, port: socket.remotePort ?? 0 }), hasToken };
      const sources = {
        ...this.options, loop: this.loop, accept: headers.accept ?? '', asker,
        lastEventId: String(headers['last-event-id'] ?? ''),
      };
      if (path !== '/sessions' && path !== '/live') return await route.respond(sources, query);
      const asked = `${path}?${query}`;
      const listing = this.listings.get(asked) ?? Promise.resolve(route.respond(sources, query))
        .finally(() => this.listings.delete(asked));
      this.listings.set(asked, listing);
      return await listing;
    } catch (error) {
      this.options.failed(error);
      return { status: 500, body: `${errorText(error)}\n` };
    }
  }
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0;
}
