import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import type { EndLabel } from '../../telemetry/metrics.js';
import type { OrderResult, SessionOrder } from '../../telemetry/sessionOrder.js';
import type { SessionDetail, SessionView } from '../../telemetry/status.js';
import type { Listen } from '../../config/config.js';
import { takeRest } from './clientSocket.js';
import { type ClientAddress, clientAddressAt, clientAddressOf } from './clientAddress.js';
import { Containment, UNEXPECTED } from '../containment.js';
import { Deadline } from './deadline.js';
import { Dial } from './dial.js';
import type { SessionEncryption } from '../tls/encryption.js';
import { HeaderReader, owesHeader } from './proxyHeaderReader.js';
import { refuse, upstreamUnavailable } from './refusal.js';
import { CLOSED, endOf, logEnd, type SessionEnd } from './sessionEnd.js';
import type { SharedAtArrival } from '../shared.js';
import type { UpstreamConnection } from './upstreamConnection.js';
import { world } from '../../world/world.js';

/**
 * A client from its acceptance until a server's greeting. First its PROXY header is read, if one is due; then the
 * servers are tried.
 */
export class Arrival extends Containment {
  private readonly startedAtMs = world.nowMs();
  private readonly deadline = new Deadline((failure) =>
    this.contain(() => this.reject(failure, ['sluice', 'timeout'])));
  private readonly onError = ({ code, message }: NodeJS.ErrnoException): void =>
    this.contain(() => this.fail(endOf(['client', 'error'], code ?? message)));
  private clientAddress: ClientAddress;
  private header: HeaderReader | null = null;
  /** Bytes of the client before its greeting. After the first of them, no more are read. */
  private early: Buffer = Buffer.alloc(0);
  private readonly onEarly = (chunk: Buffer): void => {
    this.early = chunk;
    this.client.pause();
  };
  private readonly onLeft = (): void => this.contain(() => this.fail(CLOSED));
  private dial: Dial | null = null;
  private isOver = false;

  constructor(
    readonly id: number,
    private readonly client: Socket,
    private readonly listen: Listen,
    private readonly shared: SharedAtArrival,
    private readonly log: Logger,
    private readonly observer: ArrivalObserver,
  ) {
    super();
    this.clientAddress = clientAddressAt(client);
    client.on('error', this.onError);
  }

  begin(): void {
    this.contain(() => {
      if (owesHeader(this.listen, this.clientAddress.host)) this.awaitHeader();
      else this.connect();
    });
  }

  threw(error: unknown): void {
    this.log.error({ session: this.id, client: this.clientAddress.text, err: error }, UNEXPECTED);
    this.fail(endOf(['sluice', 'error'], 'an error that nobody expected'));
  }

  /** Ends the arrival at once. The label says why. */
  abort(label: EndLabel, reason: string): void {
    this.fail(endOf(label, reason));
  }

  /** Carries out an order of the admin endpoint: an arrival can only be ended. */
  order(order: SessionOrder): OrderResult {
    if (order === 'kill') return { outcome: 'refused', connectionId: null, message: 'the session has not begun yet' };
    this.contain(() => this.abort(['sluice', 'requested'], 'ended on request at the admin endpoint'));
    return { outcome: 'ended', connectionId: null, message: 'the client\'s connection is closed' };
  }

  /** Its state for the list of sessions. Little is known of it yet. */
  view(): SessionView {
    const ageMs = Math.round(world.nowMs() - this.startedAtMs);
    return {
      session: this.id, user: '', schema: '', client: this.clientAddress.text, program: null, connectionId: null,
      upstream: null, tls: { client: null, upstream: null },
      state: 'connecting', ageMs, inTransactionMs: null, command: null, stalledMs: null,
    };
  }

  detail(): SessionDetail {
    return { ...this.view(), statement: null };
  }

  private awaitHeader(): void {
    this.deadline.set('no PROXY header came', this.shared.config.connections.handshakeTimeoutMs);
    this.header = new HeaderReader(this.client, {
      read: ({ ends }) => {
        if (ends !== null) this.clientAddress = clientAddressOf(ends);
        this.connect();
      },
      wrong: (reason) => this.reject(reason, ['client', 'error']),
      ended: () => this.fail(CLOSED), // such as a health check that only connects
      contain: (work) => this.contain(work),
      threw: (error) => this.threw(error),
    });
  }

  private connect(): void {
    this.deadline.clear();
    this.client.on('data', this.onEarly).on('end', this.onLeft).resume();
    this.dial = new Dial(this.clientAddress.ends, this.shared, {
      connected: (upstream) => this.arrive(upstream),
      unavailable: (reasons) => this.refuse(reasons),
      contain: (work) => this.contain(work),
      threw: (error) => this.threw(error),
    });
  }

  private arrive(upstream: UpstreamConnection): void {
    const { id, client, clientAddress, startedAtMs } = this;
    client.off('data', this.onEarly).off('end', this.onLeft);
    const early = Buffer.concat([this.early, ...takeRest(client)]);
    try {
      const encryption = this.shared.encryption.between(this.listen, upstream.upstream);
      this.observer.arrived({ id, client, early, clientAddress, upstream, encryption, startedAtMs });
    } catch (error) {
      upstream.socket.destroy();
      throw error;
    }
    this.isOver = true;
    client.off('error', this.onError);
  }

  /** No server can be used: the client gets an error in place of a greeting. */
  private refuse(reasons: string): void {
    this.warn(reasons);
    refuse(this.client, upstreamUnavailable(reasons));
    this.end(endOf(['upstream', 'unavailable'], reasons));
  }

  private reject(reason: string, label: EndLabel): void {
    this.warn(`${reason}: a client of a network in listen.proxyProtocol is closed`);
    this.fail(endOf(label, reason));
  }

  private fail(end: SessionEnd): void {
    if (this.isOver) return;
    this.deadline.clear();
    this.header?.close();
    this.dial?.close();
    this.client.destroy();
    this.end(end);
  }

  private end(end: SessionEnd): void {
    this.isOver = true;
    const durationMs = world.nowMs() - this.startedAtMs;
    logEnd(this.log, end, { session: this.id, client: this.clientAddress.text, durationMs });
    this.observer.failed(end.label);
  }

  private warn(message: string): void {
    this.log.warn({ session: this.id, client: this.clientAddress.text }, message);
  }
}

/** A client and the server that has greeted it: the beginning of a session. */
export interface Arrived {
  /** Sluice's number for the session. */
  readonly id: number;
  /** The client's connection. */
  readonly client: Socket;
  /** Bytes that the client has already sent; mostly none, because in this protocol the server speaks first. */
  readonly early: Buffer;
  readonly clientAddress: ClientAddress;
  /** No byte of the server has been handled yet. Its greeting still has to be passed to `onRead`. */
  readonly upstream: UpstreamConnection;
  /** The encryption of the two connections. */
  readonly encryption: SessionEncryption;
  /** The time of the client's acceptance, on the clock `world.nowMs`. */
  readonly startedAtMs: number;
}

/** The result of an arrival. Exactly one of the two methods is called, once. */
export interface ArrivalObserver {
  /** A session can begin. */
  arrived(arrived: Arrived): void;
  /** There will be no session. */
  failed(label: EndLabel): void;
}
