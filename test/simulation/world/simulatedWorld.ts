import { Server, Socket, type NetConnectOpts, type ServerOpts } from 'node:net';
import { Turns } from '../../../src/world/turns.js';
import { enterWorld, type World } from '../../../src/world/world.js';
import { asOwnProcess, ChildProcess } from './childProcess.js';
import { type GroupState, memoryText } from './controlGroup.js';
import { EventLoop } from './eventLoop.js';
import { MemoryFiles } from './memoryFiles.js';
import { Names } from './names.js';
import { Network } from './network.js';
import { Random } from './random.js';
import { Scheduler } from './scheduler.js';
import { openSocketTable } from './socketTables.js';
import { TcpHandle } from './tcpHandle.js';
import { connectStage, createStageServer } from './tlsStage.js';

/**
 * A whole world from one seed: virtual time, a network, names, files, and the processes of Sluice in it. For the same
 * seed the same happens, event by event.
 */
export class SimulatedWorld {
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly network: Network;
  readonly names = new Names();
  readonly files: MemoryFiles;
  /** The loop of Sluice's process; of its primary if there are workers. */
  readonly sluice: EventLoop;
  /** The workers that were started so far, also those that have ended. */
  readonly workers: ChildProcess[] = [];
  /** Hosts in Sluice's network namespace: it sees the queues of their sockets. */
  readonly nearHosts = new Set([SLUICE_HOST]);
  /** The date at the beginning, in ms since 1970. A jump of the clock changes it. */
  dateAtStartMs = Date.UTC(2030, 0, 1);
  /** The memory of the control group of Sluice; null if it has no limit. */
  memory: GroupState | null = null;
  /** The CPU time of a look at the kernel's tables, in ms. */
  tableCpuMs = 0.2;
  private cpuMs = 0;
  private before: World | null = null;

  constructor(seed: number) {
    this.random = new Random(seed);
    this.scheduler = new Scheduler(this.random.fork('scheduler'));
    this.network = new Network(this.scheduler, this.random.fork('network'));
    this.files = new MemoryFiles(this.random.fork('files'));
    this.sluice = this.startLoop('sluice');
    this.scheduler.beforeEvent = () => void enterWorld(this.sluice.world!);
  }

  /** The date on the clock of Sluice's machine, in ms since 1970. */
  get dateMs(): number {
    return Math.floor(this.dateAtStartMs + this.scheduler.nowMs);
  }

  /** How often code of Sluice's processes has run. */
  get programRuns(): number {
    let runs = this.sluice.runs;
    for (const { loop } of this.workers) runs += loop.runs;
    return runs;
  }

  /** The program runs in this world from now on. `leave` has to follow. */
  enter(): void {
    this.before = enterWorld(this.sluice.world!);
  }

  leave(): void {
    if (this.before !== null) enterWorld(this.before);
    this.before = null;
  }

  private startLoop(name: string): EventLoop {
    const loop = new EventLoop(name, this.scheduler, this.random.fork(`loop ${name}`));
    loop.world = this.worldOf(loop);
    return loop;
  }

  private worldOf(loop: EventLoop): World {
    const { scheduler, network, files, random } = this;
    const chance = random.fork(`chance ${loop.name}`);
    return {
      startedAtMs: this.dateAtStartMs,
      nowMs: () => scheduler.nowMs,
      dateMs: () => this.dateMs,
      after: (ms, work) => loop.after(ms, work),
      every: (ms, work) => loop.every(ms, work),
      cancel: (timer) => timer?.close(),
      soon: (work) => loop.soon(work),
      turns: new Turns((work) => loop.soon(work)),
      connect: (options) => this.connect(loop, options),
      createServer: (options, accepted) => new SimulatedServer(loop, network, options, accepted),
      connectTls: (options) => connectStage(loop, options),
      createTlsServer: () => createStageServer(loop),
      random: () => chance.fraction(),
      randomBytes: (count) => chance.bytes(count),
      cpuMs: () => this.cpuMs,
      kernelText: (path) => (this.memory === null ? '' : memoryText(path, this.memory)),
      openTable: (path) => {
        this.cpuMs += this.tableCpuMs;
        return openSocketTable(network, this.nearHosts, path);
      },
      ...files.of(loop),
      // Another thread takes no turn of this loop.
      aside: (work) => new Promise((resolve) => void loop.after(1, () => resolve(work.here()))),
      startProcess: () => asOwnProcess(this.startWorker(loop)),
    };
  }

  private connect(loop: EventLoop, options: NetConnectOpts): Socket {
    if (!('port' in options)) throw new Error('a simulated world has no Unix sockets');
    const handle = new TcpHandle(loop, this.network, SLUICE_HOST, null);
    const socket = new Socket({ ...options, handle, manualStart: true } as object);
    return socket.connect({
      // A name has one address here. With several, Node would try them with handles of its own.
      ...options, autoSelectFamily: false,
      lookup: (name, _, done) => {
        const { address, afterMs } = this.names.find(name);
        loop.after(afterMs, () => {
          if (address !== null) done(null, address, 4);
          else done(Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND' }), '', 4);
        });
      },
    });
  }

  private startWorker(parent: EventLoop): ChildProcess {
    const number = this.workers.length + 1;
    const loop = this.startLoop(`worker process ${number}`);
    const child = new ChildProcess(
      FIRST_PID + number, loop, parent, this.scheduler, this.random.fork(`channel ${number}`),
      (socket) => new TcpHandle(loop, this.network, SLUICE_HOST, socket),
    );
    this.workers.push(child);
    return child;
  }
}

/** The address of Sluice in every world. */
export const SLUICE_HOST = '10.0.0.1';

const FIRST_PID = 1000;

/** A server of Node on a simulated handle. */
class SimulatedServer extends Server {
  constructor(
    private readonly loop: EventLoop, private readonly network: Network, options: ServerOpts,
    accepted: (client: Socket) => void,
  ) {
    super(options, accepted);
  }

  override listen(...given: unknown[]): this {
    const { host = SLUICE_HOST, port = 0 } = given[0] as { readonly host?: string, readonly port?: number };
    const at = { host, port: port === 0 ? this.network.freePort() : port };
    // Node takes a handle of TCP in place of an address.
    return super.listen(new TcpHandle(this.loop, this.network, host, null, at) as object);
  }
}
