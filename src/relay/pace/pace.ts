import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PaceSettings } from '../../config/config.js';
import { judgePace, maxStreamRate, rateOf, type PaceReading, type Progress } from '../../policy/pace.js';
import type { QueueView } from './clientLook.js';
import type { SocketQueueReader, SocketQueues } from './socketQueues.js';
import { WaitedFor } from './waitedFor.js';

/** When a client is looked at while its pace is watched: soon at first, to see at once who takes everything. */
const FIRST_LOOK_AFTER_MS = 5;
const MAX_LOOK_EVERY_MS = 80;
/** What a client did in less than this part of the watch may be because it was kept from running. */
const LEAST_PART_OF_WATCH = 0.6;
/** A client's kernel takes so much at once, however slowly the program works. */
const STEP_BYTES = 64 * 1024;
/** So much lies in buffers on the client's side before its pace shows: most drivers read up to 128 KiB at once. */
const BUFFERS_BYTES = 3 * STEP_BYTES;
/** How often it is looked whether everything has arrived. */
const LOOK_EVERY_MS = 20;

/** A session whose client's pace is asked for. */
export interface WatchedSession {
  readonly connections: {
    /** What waits for the client. */
    readonly clientQueue: Pick<QueueView, 'look' | 'pendingBytes'>;
  };
  readonly responses: WatchedResponses;
  /** Nobody waits for the answer any more. */
  readonly isOver: boolean;
}

/** What is known of the responses that have gone to a client. */
export interface WatchedResponses {
  /** Bytes that were written to it, all in all. */
  readonly writtenBytes: number;
  /** It was seen that the client is what responses wait for, and not the network. */
  readonly isClientWaitedFor: boolean;
}

/**
 * Tells whether a client works on rows as they come, or takes them as fast as it can: by the rate at which it takes
 * them while the response waits for it. A client that takes more than `streaming.pace.maxRowsPerSecond` rows, or
 * `maxBytesPerSecond` bytes, reads into memory, as far as anybody can tell.
 */
export class PaceWatch {
  constructor(private readonly queues: SocketQueueReader, private readonly settings: PaceSettings) {}

  /**
   * The pace by how the response has gone out so far, since it was looked at last; null where that says nothing. It
   * tells only slow clients: what has gone out may lie in the kernel's queues, or may have gone out while nobody
   * waited.
   */
  soFar(
    { isClientWaitedFor }: Pick<WatchedResponses, 'isClientWaitedFor'>, now: Progress, before: Progress,
  ): PaceReading | null {
    const waitedMs = now.waitedMs - before.waitedMs;
    // In a short time the client may have been kept from running.
    if (waitedMs < this.settings.waitMs || !isClientWaitedFor) return null;
    return judgePace(0, now.rows - before.rows, waitedMs, this.maxRate(now));
  }

  /** The pace by what leaves the kernel's queues from now on, within `streaming.pace.wait`. */
  async watch(session: WatchedSession, progress: Progress, before: Progress): Promise<PaceReading> {
    const rowBytes = wireRowBytes(progress);
    const maxRate = this.maxRate(progress);
    const startMs = performance.now();
    const { responses } = session;
    const first = await this.observe(session);
    if (first === null) return TAKEN_AT_ONCE;
    if (first.leftBytes === 0) return this.soFarTaken(responses, progress, before, 0) ?? TAKEN_AT_ONCE;
    const soFar = this.soFarLeaving(first.leftBytes, responses, progress, before, first.atMs - startMs);
    if (soFar !== null) return soFar;
    const waitedFor = new WaitedFor();
    waitedFor.seen(first.queues);
    let last = first;
    // Since then it has taken no more than a program that works row by row. Its driver may have read much at once
    // before.
    let calmSince = first;
    for (let restMs = FIRST_LOOK_AFTER_MS; !session.isOver; restMs = Math.min(2 * restMs, MAX_LOOK_EVERY_MS)) {
      await sleep(Math.max(0, Math.min(restMs, startMs + this.settings.waitMs - performance.now())));
      const seen = await this.observe(session);
      if (seen === null) break;
      waitedFor.seen(seen.queues);
      const rows = Math.max(0, seen.leastTakenBytes - first.mostTakenBytes) / rowBytes;
      // When it was done with the last of it, nobody saw: after the look before this one.
      if (seen.leftBytes === 0) {
        const watchedMs = last.atMs - first.atMs;
        return this.soFarTaken(responses, progress, before, watchedMs) ??
          { isSlow: false, rowsPerSecond: rateOf(rows, watchedMs) };
      }
      const elapsedMs = seen.atMs - first.atMs;
      const reading = judgePace(rows - BUFFERS_BYTES / rowBytes, rows + STEP_BYTES / rowBytes, elapsedMs, maxRate);
      const rowsSince = (seen.leastTakenBytes - calmSince.mostTakenBytes) / rowBytes;
      if (rowsSince > (maxRate * (seen.atMs - calmSince.atMs)) / 1000) calmSince = seen;
      const isLast = seen.atMs - startMs >= this.settings.waitMs;
      if (isLast || (reading !== null && (this.isLong(elapsedMs) || !reading.isSlow))) {
        const isCalm = this.isLong(seen.atMs - calmSince.atMs);
        const isSlow = reading?.isSlow ?? (isCalm || rateOf(rows, elapsedMs) <= maxRate);
        return { isSlow: isSlow && waitedFor.isClient, rowsPerSecond: rateOf(rows, elapsedMs) };
      }
      last = seen;
    }
    return TAKEN_AT_ONCE;
  }

  /**
   * Whether everything gets to the client's side within `streaming.pace.wait`, read there or not; true also where that
   * cannot be told.
   */
  async allArrives(client: Socket): Promise<boolean> {
    const deadlineMs = performance.now() + this.settings.waitMs;
    while (!client.destroyed) {
      if (await this.hasArrived(client)) return true;
      const leftMs = deadlineMs - performance.now();
      if (leftMs <= 0) return false;
      await sleep(Math.min(LOOK_EVERY_MS, leftMs));
    }
    return false;
  }

  /**
   * Something that changes when the client reads what it has been given, as long as it is given no more; null where
   * that cannot be told.
   */
  async readMark(client: Socket): Promise<string | null> {
    const { unreadBytes, unacknowledgedBytes } = await this.queues.lookAt(client);
    return unreadBytes === null && unacknowledgedBytes === null ? null : `${unreadBytes} ${unacknowledgedBytes}`;
  }

  /**
   * The pace of a client that has left so many bytes of what has gone out; null where that says nothing. Who takes many
   * rows, whatever else there was to wait for, is fast; who takes few while nothing else is waited for is slow.
   */
  private soFarLeaving(
    leftBytes: number, { isClientWaitedFor }: WatchedResponses, now: Progress, before: Progress, watchedMs: number,
  ): PaceReading | null {
    const rowBytes = wireRowBytes(now);
    const rows = Math.max(0, now.rows - before.rows - leftBytes / rowBytes);
    const elapsedMs = now.elapsedMs - before.elapsedMs + watchedMs;
    const waitedMs = now.waitedMs - before.waitedMs + watchedMs;
    const maxRate = this.maxRate(now);
    const reading = judgePace(rows - BUFFERS_BYTES / rowBytes, Infinity, elapsedMs, maxRate);
    if (reading !== null || waitedMs < this.settings.waitMs || !isClientWaitedFor) return reading;
    return judgePace(0, rows, waitedMs, maxRate);
  }

  /**
   * The pace of a client that has taken all there was, in the time that the response had waited for it and has been
   * watched; null where that was so short that it may have been kept from running.
   */
  private soFarTaken(
    { isClientWaitedFor }: WatchedResponses, now: Progress, before: Progress, watchedMs: number,
  ): PaceReading | null {
    const ms = now.waitedMs - before.waitedMs + watchedMs;
    if (!this.isLong(ms) || !isClientWaitedFor) return null;
    const rowsPerSecond = rateOf(now.rows - before.rows, ms);
    return { isSlow: rowsPerSecond <= this.maxRate(now), rowsPerSecond };
  }

  /** What a client did in so many ms is not because it was kept from running. */
  private isLong(ms: number): boolean {
    return ms >= LEAST_PART_OF_WATCH * this.settings.waitMs;
  }

  private maxRate({ rows, bytes }: Progress): number {
    return maxStreamRate(this.settings, bytes / Math.max(1, rows));
  }

  /** What the client has taken at this moment; null where that cannot be seen. */
  private async observe({ connections: { clientQueue }, responses }: WatchedSession): Promise<Observation | null> {
    const queues = await clientQueue.look();
    const { unacknowledgedBytes, unreadBytes } = queues;
    if (unacknowledgedBytes === null) return null;
    const { pendingBytes } = clientQueue;
    const { writtenBytes } = responses;
    const unread = unreadBytes ?? 0;
    return {
      leftBytes: pendingBytes + unacknowledgedBytes + unread,
      // What has come to the client and is not acknowledged yet stands in both queues.
      leastTakenBytes: writtenBytes - pendingBytes - unacknowledgedBytes - unread,
      mostTakenBytes: writtenBytes - pendingBytes - Math.max(unacknowledgedBytes, unread),
      queues,
      atMs: performance.now(),
    };
  }

  private async hasArrived(client: Socket): Promise<boolean> {
    if (client.writableLength > 0) return false;
    return ((await this.queues.lookAt(client)).unacknowledgedBytes ?? 0) === 0;
  }
}

/** One look at a client. */
interface Observation {
  readonly leftBytes: number;
  readonly leastTakenBytes: number;
  readonly mostTakenBytes: number;
  readonly queues: SocketQueues;
  readonly atMs: number;
}

/** Nothing waits for the client: there is no sign that it works on what it has. */
const TAKEN_AT_ONCE: PaceReading = { isSlow: false, rowsPerSecond: null };

function wireRowBytes({ rows, wireBytes }: Progress): number {
  return Math.max(1, wireBytes / Math.max(1, rows));
}
