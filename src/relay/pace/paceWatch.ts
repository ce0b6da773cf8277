import type { Socket } from 'node:net';
import type { PaceSettings } from '../../config/config.js';
import { judgePace, maxStreamRate, rateOf, type PaceReading, type Progress } from '../../policy/pace.js';
import type { QueueView } from './clientLook.js';
import type { SocketQueueReader, SocketQueues } from './socketQueues.js';
import { WaitedFor } from './waitedFor.js';
import { sleep } from '../../world/sleep.js';
import { world } from '../../world/world.js';

/**
 * Measures whether a client works on rows as they come, or takes them as fast as it can: the rate at which it takes
 * rows while the response waits for it. A client that takes more than `streaming.pace.maxRowsPerSecond` rows, or
 * `maxBytesPerSecond` bytes, counts as one that reads into memory (`judgePace` compares). `PaceJudge` asks.
 */
export class PaceWatch {
  constructor(private readonly queues: SocketQueueReader, private readonly settings: PaceSettings) {}

  /**
   * The pace from the part of the response that has gone out since the last look; null if that part says nothing. It
   * recognizes only slow clients: the bytes may still lie in the kernel's queues, or may have gone out while the
   * response waited for nothing.
   */
  soFar(
    { isClientWaitedFor }: Pick<WatchedResponses, 'isClientWaitedFor'>, now: Progress, before: Progress,
  ): PaceReading | null {
    const waitedMs = now.waitedMs - before.waitedMs;
    // In a short time the client may have been waiting for a processor.
    if (waitedMs < this.settings.waitMs || !isClientWaitedFor) return null;
    return judgePace(0, now.rows - before.rows, waitedMs, this.maxRate(now));
  }

  /** The pace from the bytes that leave the kernel's queues from now on, within `streaming.pace.wait`. */
  async watch(session: WatchedSession, progress: Progress, before: Progress): Promise<PaceReading> {
    const rowBytes = wireRowBytes(progress);
    const maxRate = this.maxRate(progress);
    const startMs = world.nowMs();
    const { responses } = session;
    const first = await this.observe(session);
    if (first === null) return TAKEN_AT_ONCE;
    if (first.leftBytes === 0) return this.soFarTaken(responses, progress, before, 0) ?? TAKEN_AT_ONCE;
    const soFar = this.soFarLeaving(first.leftBytes, responses, progress, before, first.atMs - startMs);
    if (soFar !== null) return soFar;
    const waitedFor = new WaitedFor();
    waitedFor.seen(first.queues);
    let last = first;
    // The time since which it has taken no more than a program that works row by row. Before that, its driver may have
    // read much at once.
    let calmSince = first;
    for (let restMs = FIRST_LOOK_AFTER_MS; !session.isOver; restMs = Math.min(2 * restMs, MAX_LOOK_EVERY_MS)) {
      await sleep(Math.max(0, Math.min(restMs, startMs + this.settings.waitMs - world.nowMs())));
      const seen = await this.observe(session);
      if (seen === null) break;
      waitedFor.seen(seen.queues);
      const rows = Math.max(0, seen.leastTakenBytes - first.mostTakenBytes) / rowBytes;
      // It finished at an unknown time after the look before this one.
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
   * Whether everything reaches the client's side within `streaming.pace.wait`, read there or not. True also if that is
   * not known.
   */
  async allArrives(client: Socket): Promise<boolean> {
    const deadlineMs = world.nowMs() + this.settings.waitMs;
    while (!client.destroyed) {
      if (await this.hasArrived(client)) return true;
      const leftMs = deadlineMs - world.nowMs();
      if (leftMs <= 0) return false;
      await sleep(Math.min(LOOK_EVERY_MS, leftMs));
    }
    return false;
  }

  /** A mark that changes when the client reads, as long as no more is written to it; null if there is none. */
  async readMark(client: Socket): Promise<string | null> {
    const { unreadBytes, unacknowledgedBytes } = await this.queues.lookAt(client);
    return unreadBytes === null && unacknowledgedBytes === null ? null : `${unreadBytes} ${unacknowledgedBytes}`;
  }

  /**
   * The pace of a client that has not taken this many of the bytes that went out; null if that says nothing. A client
   * that takes many rows is fast, whatever else the response has waited for. A client that takes few rows is slow if
   * the response has waited for nothing else.
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
   * The pace of a client that has taken everything, in the time for which the response has waited for it and was
   * watched; null if that time was so short that the client may have been waiting for a processor.
   */
  private soFarTaken(
    { isClientWaitedFor }: WatchedResponses, now: Progress, before: Progress, watchedMs: number,
  ): PaceReading | null {
    const ms = now.waitedMs - before.waitedMs + watchedMs;
    if (!this.isLong(ms) || !isClientWaitedFor) return null;
    const rowsPerSecond = rateOf(now.rows - before.rows, ms);
    return { isSlow: rowsPerSecond <= this.maxRate(now), rowsPerSecond };
  }

  /** Whether a time is long enough to say something about the client. */
  private isLong(ms: number): boolean {
    return ms >= LEAST_PART_OF_WATCH * this.settings.waitMs;
  }

  private maxRate({ rows, bytes }: Progress): number {
    return maxStreamRate(this.settings, bytes / Math.max(1, rows));
  }

  /** The bytes that the client has taken so far; null if that cannot be seen. */
  private async observe({ connections: { clientQueue }, responses }: WatchedSession): Promise<Observation | null> {
    const queues = await clientQueue.look();
    const { unacknowledgedBytes, unreadBytes } = queues;
    if (unacknowledgedBytes === null) return null;
    const { pendingBytes } = clientQueue;
    const { writtenBytes } = responses;
    const unread = unreadBytes ?? 0;
    return {
      leftBytes: pendingBytes + unacknowledgedBytes + unread,
      // Bytes that have come to the client without an acknowledgement count in both queues.
      leastTakenBytes: writtenBytes - pendingBytes - unacknowledgedBytes - unread,
      mostTakenBytes: writtenBytes - pendingBytes - Math.max(unacknowledgedBytes, unread),
      queues,
      atMs: world.nowMs(),
    };
  }

  private async hasArrived(client: Socket): Promise<boolean> {
    if (client.writableLength > 0) return false;
    return ((await this.queues.lookAt(client)).unacknowledgedBytes ?? 0) === 0;
  }
}

/** A session whose client's pace is watched. */
export interface WatchedSession {
  readonly connections: {
    /** The queue of bytes that wait for the client. */
    readonly clientQueue: Pick<QueueView, 'look' | 'pendingBytes'>;
  };
  readonly responses: WatchedResponses;
  /** Whether the result is no longer needed. */
  readonly isOver: boolean;
}

/** The known facts about the responses that have gone to a client. */
export interface WatchedResponses {
  /** All bytes that were written to it. */
  readonly writtenBytes: number;
  /** Whether looks have shown that responses wait for the client and not for the network. */
  readonly isClientWaitedFor: boolean;
}

/** The result of one look at a client. */
interface Observation {
  readonly leftBytes: number;
  readonly leastTakenBytes: number;
  readonly mostTakenBytes: number;
  readonly queues: SocketQueues;
  readonly atMs: number;
}

/**
 * The time of the first look at a client whose pace is watched. It is soon, to see at once a client that takes
 * everything.
 */
const FIRST_LOOK_AFTER_MS = 5;
const MAX_LOOK_EVERY_MS = 80;
/**
 * The part of the watch that counts as long enough. In a shorter time the client may have been waiting for a processor.
 */
const LEAST_PART_OF_WATCH = 0.6;
/** The step in which a client's kernel takes bytes, however slowly the program works. */
const STEP_BYTES = 64 * 1024;
/**
 * The bytes that lie in buffers on the client's side before its pace shows. Most drivers read up to 128 KiB at once.
 */
const BUFFERS_BYTES = 3 * STEP_BYTES;
/** The time between two checks whether everything has arrived. */
const LOOK_EVERY_MS = 20;

/** Nothing waits for the client, so there is no sign that it works on its rows. */
const TAKEN_AT_ONCE: PaceReading = { isSlow: false, rowsPerSecond: null };

function wireRowBytes({ rows, wireBytes }: Progress): number {
  return Math.max(1, wireBytes / Math.max(1, rows));
}
