import type { Socket } from 'node:net';
import { CpuMeter } from './cpuMeter.js';
import { LookAllowance } from './lookAllowance.js';
import { findRows, type RowKeys, rowKeys } from './socketTable.js';
import { nextTurn, sleep } from '../../world/sleep.js';

/** The kernel's view of one TCP connection between this process and a client. */
export interface SocketQueues {
  /** Bytes that Sluice has written and the client's side has not acknowledged; null if not known. */
  readonly unacknowledgedBytes: number | null;
  /** Bytes that lie unread at the client; null if the client is on another host or in another network namespace. */
  readonly unreadBytes: number | null;
  /** The client's receive buffer is full, so the response waits for the client and not for the network. */
  readonly isClientFull: boolean;
  /** Whether the client has ended its side (FIN), read here or not. */
  readonly hasClientEnded: boolean;
}

/** The ends of a connection, from Node's socket in this process. */
export interface ConnectionEnds {
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
}

/** A caller that waits for the next read. */
interface Look {
  readonly own: RowKeys;
  readonly peer: RowKeys;
  readonly resolve: (queues: SocketQueues) => void;
}

const UNKNOWN: SocketQueues = {
  unacknowledgedBytes: null, unreadBytes: null, isClientFull: false, hasClientEnded: false,
};
/**
 * The pause after each read, in which further callers gather. The first large result of a session waits for two looks,
 * one after the other. Pauses of 5 ms would cost it 3 ms more, and the allowance bounds the cost of reads anyway.
 */
const MIN_INTERVAL_MS = 1;

/**
 * Reads the kernel's queues of TCP sockets for all sessions together. One read serves all callers. A call during a read
 * waits for the next one, so that each caller gets a reading taken after its request. Reads take at most 2 % of a core
 * (`LookAllowance`). With 10,000 sockets a read is 1.5 MB in about 400 pages.
 */
export class SocketQueueReader {
  /** The number of reads. */
  readCount = 0;

  private waiting: Look[] = [];
  private isServing = false;
  private readonly meter = new CpuMeter();
  private readonly allowance = new LookAllowance();

  /** @param minIntervalMs the shortest pause between two reads */
  constructor(private readonly minIntervalMs = MIN_INTERVAL_MS) {}

  /** The time between two reads, in ms, while some caller always waits for the next one. */
  get intervalMs(): number {
    return Math.max(this.minIntervalMs, this.allowance.intervalMs);
  }

  /** The queues of a socket of this process; see `look`. */
  lookAt(socket: Socket): Promise<SocketQueues> {
    const { localAddress, localPort, remoteAddress, remotePort } = socket;
    if (localAddress === undefined || localPort === undefined) return Promise.resolve(UNKNOWN);
    if (remoteAddress === undefined || remotePort === undefined) return Promise.resolve(UNKNOWN);
    return this.look({ localAddress, localPort, remoteAddress, remotePort });
  }

  /** The queues of a connection at some time after the call. Never throws: unknown values are null. */
  look(connection: ConnectionEnds): Promise<SocketQueues> {
    const { localAddress, localPort, remoteAddress, remotePort } = connection;
    const keys = rowKeys(localAddress, localPort, remoteAddress, remotePort);
    if (keys === null) return Promise.resolve(UNKNOWN);
    return new Promise((resolve) => {
      this.waiting.push({ ...keys, resolve });
      if (!this.isServing) void this.serve();
    });
  }

  private async serve(): Promise<void> {
    this.isServing = true;
    while (this.waiting.length > 0) {
      await nextTurn(); // for all callers in this turn of the event loop
      const { waitMs } = this.allowance;
      if (waitMs > 0) await sleep(waitMs);
      const looks = this.waiting;
      this.waiting = [];
      await this.readAndCharge(looks);
      await sleep(this.minIntervalMs);
    }
    this.isServing = false;
  }

  /** Reads, and charges the CPU time to the allowance, without the time of other work in between. */
  private async readAndCharge(looks: readonly Look[]): Promise<void> {
    this.meter.start();
    await this.read(looks);
    this.meter.stop();
    this.allowance.spend(this.meter.take());
  }

  private readonly leaveTurn = async (): Promise<void> => {
    this.meter.stop();
    await nextTurn();
    this.meter.start();
  };

  /** Reads `tcp`, then `tcp6` for connections that `tcp` does not have. */
  private async read(looks: readonly Look[]): Promise<void> {
    this.readCount += 1;
    const wanted = looks.flatMap(({ own, peer }) => [own, peer]);
    const tcpKeys = wanted.flatMap(({ tcp }) => (tcp === null ? [] : [tcp]));
    const inTcp = await findRows('/proc/net/tcp', new Set(tcpKeys), this.leaveTurn);
    const inTcpOf = ({ tcp }: RowKeys) => (tcp === null ? undefined : inTcp.get(tcp));
    const missing = wanted.filter((keys) => inTcpOf(keys) === undefined);
    const inTcp6 = await findRows('/proc/net/tcp6', new Set(missing.map(({ tcp6 }) => tcp6)), this.leaveTurn);
    const rowOf = (keys: RowKeys) => inTcpOf(keys) ?? inTcp6.get(keys.tcp6);
    for (const { own, peer, resolve } of looks) {
      const ours = rowOf(own);
      resolve({
        unacknowledgedBytes: ours?.sendBytes ?? null,
        unreadBytes: rowOf(peer)?.receiveBytes ?? null,
        isClientFull: ours?.isProbing ?? false,
        hasClientEnded: ours?.hasPeerEnded ?? false,
      });
    }
  }
}
