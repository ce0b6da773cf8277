import type { Address } from './kernelSocket.js';
import { Link, type LinkTraits } from './link.js';
import { NetEnd } from './netEnd.js';
import type { Random } from './random.js';
import type { Scheduler } from './scheduler.js';

/** All connections of a world, and the addresses on which somebody listens. */
export class Network {
  /** Every link so far that is not gone. */
  readonly links = new Set<Link>();
  /** How the connections between two addresses carry bytes. */
  traits: (from: Address, to: Address) => LinkTraits;
  private readonly listeners = new Map<string, NetListener>();
  private readonly states = new Map<string, HostState>();
  private lastPort = FIRST_PORT;
  private lastLink = 0;

  constructor(private readonly scheduler: Scheduler, private readonly random: Random) {
    this.traits = () => anyTraits(random);
  }

  /** From now on a host answers, refuses connections, or says nothing. */
  become(host: string, state: HostState): void {
    this.states.set(host, state);
  }

  /** The connections that a program on a host has open. */
  openAt(host: string): readonly Link[] {
    return [...this.links].filter(({ from, to }) =>
      [from, to].some(({ ends, isClosed }) => ends.local.host === host && !isClosed));
  }

  /** A port that nobody has. */
  freePort(): number {
    this.lastPort += 1;
    return this.lastPort;
  }

  /** Listens for a model. @returns stops listening */
  listen(host: string, port: number, accept: (end: NetEnd) => void, name = `${host}:${port}`): () => void {
    const unbind = this.bind({ host, port }, {
      connected: (link) => {
        accept(new NetEnd(name, link.to, link, this.scheduler, this.random.fork(`to ${link.number}`)));
      },
    });
    if (unbind === null) throw new Error(`somebody listens on ${host}:${port} already`);
    return unbind;
  }

  /** Connects a model. Its end is there at once; what it writes goes out once it is connected. */
  connect(from: string | Address, to: Address, name = typeof from === 'string' ? from : from.host): NetEnd {
    const own = typeof from === 'string' ? { host: from, port: this.freePort() } : from;
    const link = this.link(own, to);
    const end = new NetEnd(name, link.from, link, this.scheduler, this.random.fork(`from ${link.number}`));
    this.open(link, (error) => (error === null ? end.connected() : end.failed(error)));
    return end;
  }

  /** Takes an address. Returns the way to give it back; null if somebody has it. */
  bind(at: Address, listener: NetListener): (() => void) | null {
    const key = keyOf(at);
    if (this.listeners.has(key)) return null;
    this.listeners.set(key, listener);
    return () => void this.listeners.delete(key);
  }

  /** A connection that is not established. */
  link(from: Address, to: Address): Link {
    this.lastLink += 1;
    const link = new Link(
      this.lastLink, this.scheduler, this.random.fork(`link ${this.lastLink}`), from, to, this.traits(from, to),
    );
    for (const other of this.links) if (other.isGone) this.links.delete(other);
    this.links.add(link);
    return link;
  }

  /** Establishes a connection. @param done gets the error code, or null */
  open(link: Link, done: (error: ConnectErrorCode | null) => void): void {
    const { remote } = link.from.ends;
    const { latencyMs, jitterMs } = this.traits(link.from.ends.local, remote).wire;
    const later = (work: () => void): void => {
      this.scheduler.after(latencyMs + jitterMs * this.random.fraction(), work);
    };
    const fail = (code: ConnectErrorCode): void => {
      this.links.delete(link);
      done(code);
    };
    later(() => {
      if (link.from.isClosed) { // given up in the meantime
        this.links.delete(link);
        return;
      }
      const state = this.states.get(remote.host) ?? 'answers';
      const listener = this.listeners.get(keyOf(remote)) ?? this.listeners.get(keyOf({ ...remote, host: '0.0.0.0' }));
      if (state === 'is silent') this.scheduler.after(CONNECT_TIMEOUT_MS, () => fail('ETIMEDOUT'));
      else if (state === 'cannot be reached') later(() => fail('EHOSTUNREACH'));
      else if (state === 'refuses' || listener === undefined) later(() => fail('ECONNREFUSED'));
      else {
        link.establish();
        listener.connected(link);
        later(() => done(null));
      }
    });
  }
}

/** The first port that is given to a connection. */
const FIRST_PORT = 32_768;

/** The time after which Linux gives up an attempt to connect. (tcp(7), tcp_syn_retries.) */
const CONNECT_TIMEOUT_MS = 127_000;

const keyOf = ({ host, port }: Address): string => `${host}:${port}`;

/** The outcome of attempts to connect to a host. */
export type HostState = 'answers' | 'refuses' | 'is silent' | 'cannot be reached';

/** The errors of an attempt to connect. */
export type ConnectErrorCode = 'ECONNREFUSED' | 'ETIMEDOUT' | 'EHOSTUNREACH';

/** Listens on an address. */
export interface NetListener {
  /** A connection is established. Its end `to` belongs to the listener. */
  connected(link: Link): void;
}

/** Small buffers, so that they are full often; a network from a loopback to a slow line. */
const anyTraits = (random: Random): LinkTraits => {
  const isNear = random.chance(0.5);
  const sizes = (): { sendBytes: number, receiveBytes: number } => ({
    sendBytes: 1024 * random.pick([4, 16, 64, 256]), receiveBytes: 1024 * random.pick([4, 16, 64, 256]),
  });
  return {
    wire: {
      latencyMs: isNear ? 0.02 : random.pick([0.2, 1, 20, 150]),
      jitterMs: isNear ? 0.02 : random.pick([0, 1, 30]),
      bytesPerMs: random.pick([500, 10_000, 1_000_000]),
      segmentBytes: isNear ? 65_483 : 1460,
    },
    fromSizes: sizes(), toSizes: sizes(),
  };
};
