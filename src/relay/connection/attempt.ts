import type { ConnectionSettings } from '../../config/config.js';
import { HEADER_BYTES } from '../../protocol/framing.js';
import { MAX_GREETING_BYTES } from '../../protocol/greeting.js';
import { PacketSplitter } from '../../protocol/packetSplitter.js';
import type { Containment } from '../containment.js';
import { Deadline } from './deadline.js';
import { closeWithDenial } from './deniedLogin.js';
import { nameOf, type UpstreamConnection } from './upstreamConnection.js';
import type { Timer } from '../../world/time.js';
import { world } from '../../world/world.js';

/** One attempt to get a server: waits until it is connected, and for its greeting. */
export class Attempt {
  private readonly name: string;
  private readonly startedAtMs = world.nowMs();
  private readonly deadline = new Deadline((reason) => this.contain(() => this.fail(reason)));
  private readonly patience: Timer | undefined;
  private hasAccepted = false;
  /** Takes the server's first packet. */
  private readonly splitter = new PacketSplitter();
  private readonly onError = ({ code, message }: NodeJS.ErrnoException): void =>
    this.contain(() => this.broken(code ?? message));
  private readonly onEnd = (): void =>
    this.contain(() => this.fail(`${this.name} closed the connection without a greeting`, 'closed'));

  /**
   * Begins to wait.
   * @param peer has just begun to connect
   * @param patienceMs the time after which `late` is called; null for never
   */
  constructor(
    private readonly peer: UpstreamConnection,
    private readonly connections: ConnectionSettings,
    patienceMs: number | null,
    private readonly observer: AttemptObserver,
  ) {
    this.name = nameOf(peer.upstream);
    peer.onRead = (byteCount) => this.contain(() => this.read(peer.buffer.take(byteCount)));
    peer.socket.on('error', this.onError).on('end', this.onEnd);
    peer.socket.once('connect', () => this.contain(() => this.accepted()));
    this.deadline.set(this.missing, connections.connectTimeoutMs);
    if (patienceMs !== null) this.patience = world.after(patienceMs, () => this.contain(() => this.late(patienceMs)));
  }

  /** Calls the attempt off. The observer gets no more calls. */
  close(): void {
    this.settle();
    if (this.peer.awaitsLogin) closeWithDenial(this.peer, this.connections);
    else this.peer.socket.on('error', () => {}).destroy();
  }

  private contain(work: () => void): void {
    this.observer.contain(work);
  }

  /** The event that has not happened yet. */
  private get missing(): string {
    return this.hasAccepted ? `${this.name} did not greet` : `${this.name} did not accept the connection`;
  }

  private get kindOfDelay(): FailureKind {
    return this.hasAccepted ? 'silent' : 'unreachable';
  }

  private accepted(): void {
    this.hasAccepted = true;
    this.deadline.set(this.missing, this.connections.handshakeTimeoutMs);
    this.observer.accepted(world.nowMs() - this.startedAtMs);
  }

  /** A packet that is too long for a greeting is passed on at once: the session decides about it. */
  private read(chunk: Buffer): void {
    this.splitter.add(chunk);
    const { announcedBytes, waitingBytes } = this.splitter;
    if (announcedBytes === null) return;
    if (announcedBytes <= MAX_GREETING_BYTES && waitingBytes < HEADER_BYTES + announcedBytes) return;
    this.settle();
    this.observer.greeted(this.splitter.rest());
  }

  private late(patienceMs: number): void {
    this.observer.late({ kind: this.kindOfDelay, reason: `${this.missing} within ${patienceMs} ms` });
  }

  private broken(cause: string): void {
    if (this.hasAccepted) this.fail(`lost ${this.name} before its greeting: ${cause}`, 'closed');
    else this.fail(`cannot reach ${this.name}: ${cause === 'ENOTFOUND' ? 'no such host' : cause}`, 'unreachable');
  }

  private fail(reason: string, kind = this.kindOfDelay): void {
    this.close();
    this.observer.failed({ kind, reason });
  }

  private settle(): void {
    this.deadline.clear();
    world.cancel(this.patience);
    this.peer.socket.off('error', this.onError).off('end', this.onEnd);
  }
}

/** The failure of an attempt: no accepted connection, no greeting in time, or a close before the greeting. */
export const FAILURE_KINDS = ['unreachable', 'silent', 'closed'] as const;
export type FailureKind = (typeof FAILURE_KINDS)[number];

/** The reason why a server could not be used. */
export interface Failure {
  readonly kind: FailureKind;
  /** A text that names the server. */
  readonly reason: string;
}

/** The events of an attempt: `accepted`, `late`, and then one of the last two. */
export interface AttemptObserver extends Containment {
  /** The server has accepted the connection. */
  accepted(afterMs: number): void;
  /** The server has sent no greeting within the attempt's patience. The attempt continues. */
  late(failure: Failure): void;
  /**
   * The server has sent its first packet: a greeting, or an error in its place.
   * @param begun the bytes that were read; give them to `upstream.replay` before the call ends
   */
  greeted(begun: Buffer): void;
  /** The attempt is over. */
  failed(failure: Failure): void;
}
