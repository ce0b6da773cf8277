import { EventEmitter } from 'node:events';
import { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { deserialize, serialize } from 'node:v8';
import type { FromWorker, ToWorker } from '../../../src/workers/messages.js';
import { Worker } from '../../../src/workers/worker.js';
import type { Session } from '../../../src/relay/session/session.js';
import type { LiveStatistics } from '../../../src/telemetry/liveStatistics.js';
import type { Metrics } from '../../../src/telemetry/metrics.js';
import type { ProxyStatus, SessionView } from '../../../src/telemetry/status.js';
import type { OwnProcess } from '../../../src/world/processes.js';
import type { EventLoop } from './eventLoop.js';
import type { KernelSocket } from './kernelSocket.js';
import type { Random } from './random.js';
import type { Scheduler } from './scheduler.js';
import { handleOf, TcpHandle } from './tcpHandle.js';

/**
 * A worker's process in a world: `Worker` on an event loop of its own, with a channel to its parent. It can die and
 * hang at any moment. `workerMain`, Node's `fork` and the process itself are left out.
 */
export class ChildProcess extends EventEmitter {
  connected = true;
  /** The process was killed: it has not ended by itself. */
  wasKilled = false;
  readonly stderr = new Readable({ read: () => undefined });
  private worker: Worker | null = null;
  /** The messages under way to the child, and to its parent. */
  private readonly there: (() => void)[] = [];
  private readonly back: (() => void)[] = [];
  /** Connections under way to the child. The kernel closes them if it dies. */
  private readonly carried = new Set<KernelSocket>();

  constructor(
    readonly pid: number, readonly loop: EventLoop, private readonly parent: EventLoop,
    private readonly scheduler: Scheduler, private readonly random: Random,
    private readonly adopt: (socket: KernelSocket) => TcpHandle,
  ) {
    super();
  }

  /** Its sessions; null before it has started. */
  get relay(): OpenRelay | null {
    return (this.worker as unknown as OpenWorker | null)?.relay ?? null;
  }

  /** Its own counts; null before it has started. */
  get metrics(): Metrics | null {
    return (this.worker as unknown as OpenWorker | null)?.metrics ?? null;
  }

  /** Sends a message, and perhaps a connection, to the child. */
  send(message: ToWorker, ...rest: readonly unknown[]): boolean {
    const sent = rest.findLast((one) => typeof one === 'function') as ((error: Error | null) => void) | undefined;
    const socket = rest[0] instanceof Socket ? rest[0] : null;
    const copy = copyOf(message);
    const carried = socket === null ? null : take(socket);
    const error = this.connected && this.loop.isAlive ? null : new Error('the channel is closed');
    this.parent.poll(() => sent?.(error));
    if (error === null) {
      if (carried !== null) this.carried.add(carried);
      this.carry(this.there, this.loop, () => this.heard(copy, carried));
    } else {
      carried?.close();
    }
    return error === null;
  }

  kill(signal = 'SIGTERM'): boolean {
    this.scheduler.after(this.random.fraction(), () => this.die(null, signal));
    return true;
  }

  /** Kills the process at this moment. */
  crash(): void {
    if (this.loop.isAlive) this.wasKilled = true;
    this.die(null, 'SIGKILL');
  }

  /** Ends the process: its connections are closed by the kernel, and its parent learns of it. */
  die(code: number | null, signal: string | null): void {
    if (!this.loop.isAlive) return;
    this.loop.die();
    for (const socket of this.carried) socket.close();
    // After all messages that it has sent.
    this.carry(this.back, this.parent, () => {
      this.connected = false;
      this.emit('disconnect');
    });
    this.carry(this.back, this.parent, () => {
      this.emit('exit', code, signal);
      this.emit('close', code, signal);
    });
  }

  private heard(message: ToWorker, carried: KernelSocket | null): void {
    if (carried !== null) this.carried.delete(carried);
    if (message.kind === 'start') {
      this.worker = new Worker(message, {
        send: (answer, sent) => this.answer(answer, sent),
        exit: (code) => this.die(code, null),
      });
      return;
    }
    const client = carried === null
      ? undefined
      : new Socket({ handle: this.adopt(carried), readable: true, writable: true } as object);
    this.worker?.take(message, client);
  }

  private answer(message: FromWorker, sent: () => void = () => undefined): void {
    const copy = copyOf(message);
    this.carry(this.back, this.parent, () => this.emit('message', copy));
    this.loop.poll(sent);
  }

  /** Delivers a message. In each direction messages arrive in the order in which they were sent. */
  private carry(line: (() => void)[], to: EventLoop, arrive: () => void): void {
    line.push(arrive);
    this.scheduler.after(MOST_CHANNEL_MS * this.random.fraction(), () => {
      to.poll(() => line.shift()?.());
    });
  }
}

/** The parts of a worker that only tests look at. */
interface OpenWorker {
  readonly relay: OpenRelay;
  readonly metrics: Metrics;
}

/** The parts of a relay that only tests look at. */
export interface OpenRelay {
  readonly open: { readonly sessions: Set<Session>, views(after: number): Iterable<SessionView> };
  /** The sessions whose statements run on without a client. */
  readonly clientless: ReadonlySet<Session>;
  readonly statistics: LiveStatistics | null;
  status(): ProxyStatus;
}

/** The longest time that a message takes. */
const MOST_CHANNEL_MS = 0.5;

/** A copy as the channel makes one (`serialization: 'advanced'`). */
const copyOf = <T>(message: T): T => deserialize(serialize(message)) as T;

/** Takes the connection out of a socket, as `send` of Node does. */
const take = (socket: Socket): KernelSocket | null => {
  const handle = handleOf(socket);
  if (handle === null) return null;
  Object.assign(socket, { _handle: null });
  return handle.takeSocket();
};

/** The missing members are those that Sluice does not use. */
export const asOwnProcess = (child: ChildProcess): OwnProcess => child as unknown as OwnProcess;
