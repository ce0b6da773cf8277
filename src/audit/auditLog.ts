import { constants } from 'node:fs';
import type { Logger } from 'pino';
import type { AuditSettings } from '../config/config.js';
import { plainText } from './plainText.js';
import { LineSink, type SinkEnd } from './lineSink.js';
import { slowLogEntry } from './slowLog.js';
import { world } from '../world/world.js';

/** The destination of audit records. */
export interface AuditLog {
  /**
   * Writes one record: a JSON line that begins with its `time`, or an entry of a slow log. Never blocks, never throws.
   */
  write(record: object): void;
  /** Writes the waiting records, for a bounded time, and logs how many could not be written. */
  close(): Promise<SinkEnd>;
}

/** An audit log that can be moved to another file, or reopened after its file was renamed. */
export interface MovableAuditLog extends AuditLog {
  /**
   * Writes to another place, or in another form, from here on. Waiting records still go to the old place.
   * @throws the file system's error if the file cannot be opened; then nothing changes
   */
  reopen(target: AuditTarget): void;
  /** The number of records that were lost, because the destination was too slow or could not be written. */
  readonly droppedRecords: number;
}

/** The destination and the form of records. */
export type AuditTarget = Pick<AuditSettings, 'to' | 'format'>;

const STANDARD_OUTPUT = 1;
// A record can hold a statement of 1 MiB, which takes six times as much if JSON escapes all of it.
const MAX_WAITING_BYTES = 16 * 1024 * 1024;
const CLOSE_TIMEOUT_MS = 2000;

// Records hold statements and therefore data, which not everybody may read.
const FILE_MODE = 0o640;

/** Opens an audit file for writing, and creates it. @throws the file system's error */
export function openAppending(file: string): number {
  // Without blocking: opening a named pipe without a reader must fail instead of waiting.
  const { O_WRONLY, O_APPEND, O_CREAT, O_NONBLOCK } = constants;
  return world.openFile(file, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, FILE_MODE);
}

function openSink(to: string, log: Logger): LineSink {
  const descriptor = to === 'stdout' ? STANDARD_OUTPUT : openAppending(to);
  return new LineSink(descriptor, MAX_WAITING_BYTES, {
    failed: ({ code, message }) => log.error({ to, code }, `audit: cannot write: ${message}`),
    dropping: () => log.error({ to }, 'audit: dropping records: they are not taken as fast as they come'),
    recovered: (droppedRecords) => log.error({ to, droppedRecords }, 'audit: records were dropped'),
  });
}

/** A record as a line of JSON. pino would serialise each field by itself, at three times the cost. */
function jsonLine(record: object, nowMs: number): string {
  return `${plainText(JSON.stringify({ time: new Date(nowMs).toISOString(), ...record }))}\n`;
}

/**
 * Opens an audit log.
 * @param target 'stdout' or the path of a file to append to, and the form of records
 * @param log gets a message when records are lost
 * @throws the file system's error if the file cannot be opened
 */
export function openAuditLog(target: AuditTarget, log: Logger): MovableAuditLog {
  let { to, format } = target;
  let sink = openSink(to, log);
  /** The sinks of earlier targets that may still write. */
  const earlier = new Map<LineSink, Promise<SinkEnd>>();
  /** The number of records that were lost in sinks that are closed by now. */
  let droppedBefore = 0;

  const end = async (ending: LineSink, place: string): Promise<SinkEnd> => {
    const result = await ending.close(CLOSE_TIMEOUT_MS);
    if (result.lostLines > 0) log.error({ to: place, droppedRecords: result.lostLines }, 'audit: records were dropped');
    return result;
  };

  const forgetEnded = (): void => {
    for (const [other] of earlier) {
      if (!other.hasEnded) continue;
      droppedBefore += other.droppedInAll;
      earlier.delete(other);
    }
  };

  return {
    write(record) {
      const nowMs = world.dateMs();
      const line = format === 'json' ? jsonLine(record, nowMs) : slowLogEntry({ ...record }, nowMs);
      if (line !== null) sink.write(line);
    },
    get droppedRecords() {
      let dropped = droppedBefore + sink.droppedInAll;
      for (const [other] of earlier) dropped += other.droppedInAll;
      return dropped;
    },
    reopen(next) {
      if (next.to === 'stdout' && to === 'stdout') {
        format = next.format;
        return;
      }
      const opened = openSink(next.to, log);
      forgetEnded();
      earlier.set(sink, end(sink, to));
      sink = opened;
      ({ to, format } = next);
    },
    async close() {
      const [{ lostLines }] = await Promise.all([end(sink, to), ...earlier.values()]);
      const hangs = !sink.hasEnded || [...earlier.keys()].some(({ hasEnded }) => !hasEnded);
      return { lostLines, hangs };
    },
  };
}
