import type { Socket } from 'node:net';
import { join } from 'node:path';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { CpuMeter } from './cpuMeter.js';
import { LookAllowance } from './lookAllowance.js';
import { findRows, type RowKeys, rowKeys } from './socketTable.js';

/** What the kernel says of one TCP connection between this process and a client. */
export interface SocketQueues {
  /** Bytes that our side has written and the client's side has not acknowledged; null where that is not known. */
  readonly unacknowledgedBytes: number | null;
  /** Bytes that lie unread at the client; null where it is not on this host, or in another network namespace. */
  readonly unreadBytes: number | null;
  /** The client's receive buffer is full, so it is the client that is waited for, and not the network. */
  readonly isClientFull: boolean;
  /** The client has said that it says no more (FIN), whether that was read or not. */
  readonly hasClientEnded: boolean;
}

/** The ends of a connection, as Node's socket in this process has them. */
export interface ConnectionEnds {
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
}

/** Somebody who waits for the next read. */
interface Look {
  readonly own: RowKeys;
  readonly peer: RowKeys;
  readonly resolve: (queues: SocketQueues) => void;
}

const UNKNOWN: SocketQueues = {
  unacknowledgedBytes: null, unreadBytes: null, isClientFull: false, hasClientEnded: false,
};
const MIN_INTERVAL_MS = 5;

/**
 * Reads the kernel's queues of TCP sockets for all sessions together. One read serves all who wait; whoever comes
 * during a read waits for the next, so that each caller gets a reading taken after its request. Reads take at most 2 %
 * of a core (`LookAllowance`); with 10,000 sockets a read is 1.5 MB in some 400 pages.
 */
export class SocketQueueReader {
  /** How many reads there have been. */
  readCount = 0;

  private waiting: Look[] = [];
  private isServing = false;
  private readonly meter = new CpuMeter();
  private readonly allowance = new LookAllowance(() => performance.now());

  /**
   * @param minIntervalMs the least pause between two reads
   * @param folder where the tables `tcp` and `tcp6` are
   */
  constructor(
    private readonly minIntervalMs = MIN_INTERVAL_MS,
    private readonly folder = '/proc/net',
  ) {}

  /** The time between two reads, in ms, while somebody always waits for the next one. */
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

  /** The queues of a connection at some moment after the call. Never throws: what cannot be told is null. */
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
      await nextTurn(); // for all who ask in this turn of the event loop
      const { waitMs } = this.allowance;
      if (waitMs > 0) await sleep(waitMs);
      const looks = this.waiting;
      this.waiting = [];
      await this.readAtPrice(looks);
      await sleep(this.minIntervalMs);
    }
    this.isServing = false;
  }

  /** Reads, and pays for it: what others do in the turns that the read leaves to them is not its price. */
  private async readAtPrice(looks: readonly Look[]): Promise<void> {
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

  /** Reads `tcp`, then `tcp6` for those whose line is not there. */
  private async read(looks: readonly Look[]): Promise<void> {
    this.readCount += 1;
    const wanted = looks.flatMap(({ own, peer }) => [own, peer]);
    const tcpKeys = wanted.flatMap(({ tcp }) => (tcp === null ? [] : [tcp]));
    const inTcp = await findRows(join(this.folder, 'tcp'), new Set(tcpKeys), this.leaveTurn);
    const inTcpOf = ({ tcp }: RowKeys) => (tcp === null ? undefined : inTcp.get(tcp));
    const missing = wanted.filter((keys) => inTcpOf(keys) === undefined);
    const inTcp6 = await findRows(join(this.folder, 'tcp6'), new Set(missing.map(({ tcp6 }) => tcp6)), this.leaveTurn);
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
