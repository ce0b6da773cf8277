import type { NetConnectOpts, Socket } from 'node:net';
import type { Test } from 'tap';
import { changeWorld } from './changeWorld.js';
import { asSocket, MemorySocket, type Address } from './memorySocket.js';
import { End } from './pairs.js';

/** The outcome of an attempt to connect to a server. */
type Willingness = 'accepts' | 'refuses' | 'is silent';

const SLUICE: Address = { host: '10.0.0.1', port: 50_000 };

/** Servers in memory by host name, to which the program connects. The test plays each connection to them. */
export class MemoryServers {
  /** The hosts that were tried, in their order. */
  readonly tried: string[] = [];
  /** Sluice's end of each connection, in the order of their beginnings. */
  readonly sockets: Socket[] = [];
  private readonly willing = new Map<string, Willingness>();
  private readonly accepted: End[] = [];
  private wake: () => void = () => undefined;

  /** Until the test is over, the program connects to these servers and to no others. */
  constructor(t: Test) {
    changeWorld(t, { connect: (options) => this.connect(options) });
  }

  /** From now on a server refuses connections, or neither accepts nor refuses them. */
  become(host: string, willingness: Willingness): void {
    this.willing.set(host, willingness);
  }

  /** The server's end of the connection that was accepted next. */
  async next(): Promise<End> {
    for (let end = this.accepted.shift(); ; end = this.accepted.shift()) {
      if (end !== undefined) return end;
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }

  private connect(options: NetConnectOpts): Socket {
    if (!('port' in options)) throw new Error('servers in memory have host names');
    const { host = 'localhost', port, onread } = options;
    const remote = { host, port };
    const own = new MemorySocket({ local: SLUICE, remote }, onread);
    const far = new MemorySocket({ local: remote, remote: SLUICE });
    own.join(far);
    this.tried.push(host);
    this.sockets.push(asSocket(own));
    setImmediate(() => this.answer(host, own, far));
    return asSocket(own);
  }

  private answer(host: string, own: MemorySocket, far: MemorySocket): void {
    const willingness = this.willing.get(host) ?? 'accepts';
    if (willingness === 'is silent' || own.destroyed) return;
    if (willingness === 'refuses') {
      own.destroy(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }));
      return;
    }
    this.accepted.push(new End(asSocket(far)));
    own.emit('connect');
    this.wake();
  }
}
