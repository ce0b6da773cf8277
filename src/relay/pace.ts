import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SocketQueueReader, SocketQueues } from './socketQueues.js';

/** How often the queues are looked at while a client's pace is watched. */
const LOOK_EVERY_MS = 20;

/**
 * Watches how a client reads. A driver that buffers reads as fast as it can and has taken what it was given within
 * milliseconds; a program that works row by row leaves bytes unread. (Seen: MySQLdb's default cursor is at 0 at once, its
 * SSCursor with 5 ms of work a row stands at 112 KiB for a second.)
 */
export class PaceWatch {
  constructor(private readonly queues: SocketQueueReader, private readonly waitMs: number) {}

  /**
   * Whether a client leaves unread what it has been given, for as long as `waitMs`.
   * @param isOver tells that nobody waits for the answer any more
   */
  async isSlow(client: Socket, isOver: () => boolean): Promise<boolean> {
    return !(await this.comesTrue(() => this.hasTaken(client), isOver)) && !isOver();
  }

  /** Whether everything gets to the client's side within `waitMs`, read there or not; true also where that cannot be told. */
  allArrives(client: Socket): Promise<boolean> {
    return this.comesTrue(() => this.hasArrived(client), () => client.destroyed);
  }

  /**
   * Something that changes when the client reads what it has been given, as long as it is given no more; null where that
   * cannot be told.
   */
  async readMark(client: Socket): Promise<string | null> {
    const queues = await this.look(client);
    if (queues === null || (queues.unreadBytes === null && queues.unacknowledgedBytes === null)) return null;
    return `${queues.unreadBytes} ${queues.unacknowledgedBytes}`;
  }

  /** Looks again and again, for as long as `waitMs`. */
  private async comesTrue(look: () => Promise<boolean>, isOver: () => boolean): Promise<boolean> {
    const deadlineMs = performance.now() + this.waitMs;
    while (!isOver()) {
      if (await look()) return true;
      const leftMs = deadlineMs - performance.now();
      if (leftMs <= 0) return false;
      await sleep(Math.min(LOOK_EVERY_MS, leftMs));
    }
    return false;
  }

  private async hasArrived(client: Socket): Promise<boolean> {
    if (client.writableLength > 0) return false;
    return ((await this.look(client))?.unacknowledgedBytes ?? 0) === 0;
  }

  /**
   * Whether the client has taken everything. On the same host the kernel tells what lies unread; of a client elsewhere only
   * what its side has not acknowledged is seen, and without either only what this process still holds.
   */
  private async hasTaken(client: Socket): Promise<boolean> {
    if (client.writableLength > 0) return false;
    const queues = await this.look(client);
    return queues === null || ((queues.unreadBytes ?? 0) === 0 && (queues.unacknowledgedBytes ?? 0) === 0);
  }

  /** The kernel's queues of a client's connection; null where it has no more. */
  private async look(client: Socket): Promise<SocketQueues | null> {
    const { localAddress, localPort, remoteAddress, remotePort } = client;
    if (localAddress === undefined || localPort === undefined) return null;
    if (remoteAddress === undefined || remotePort === undefined) return null;
    return this.queues.look({ localAddress, localPort, remoteAddress, remotePort });
  }
}
