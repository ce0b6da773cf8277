import { constants, openSync } from 'node:fs';
import { pino, type Logger } from 'pino';
import type { AuditSettings } from '../config/config.js';
import { plainText } from './plainText.js';
import { Sink, type SinkEnd } from './lineSink.js';
import { slowLogEntry } from './slowLog.js';

/** Where audit records go. */
export interface AuditLog {
  /**
   * Writes one record: one JSON line that begins with its `time`, or an entry of a slow log. Never blocks, never
   * throws.
   */
  write(record: object): void;
  /** Writes what still waits, for a bounded time, and says in the log what could not be written. */
  close(): Promise<SinkEnd>;
}

/** An audit log that can be moved to another file, or to the same one again after it was renamed. */
export interface MovableAuditLog extends AuditLog {
  /**
   * Writes to another place, or in another form, from here on. What waits is still written to where it was to go.
   * @throws the file system's error where the file cannot be opened; nothing changes then
   */
  reopen(target: AuditTarget): void;
  /** How many records were lost, because they were not taken as fast as they came or could not be written. */
  readonly droppedRecords: number;
}

/** Where records go, and in what form. */
export type AuditTarget = Pick<AuditSettings, 'to' | 'format'>;

const standardOutput = 1;
// A record can hold a statement of 1 MiB, six times that where JSON has to escape all of it.
const maxWaitingBytes = 16 * 1024 * 1024;
const closeTimeoutMs = 2000;

// Records hold statements, and so what they are about: not for everybody to read.
const fileMode = 0o640;

function openAppending(file: string): number {
  // Not blocking, for the sake of a named pipe: opening one that nobody reads must fail and not wait.
  const { O_WRONLY, O_APPEND, O_CREAT, O_NONBLOCK } = constants;
  return openSync(file, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, fileMode);
}

function openSink(to: string, log: Logger): Sink {
  const descriptor = to === 'stdout' ? standardOutput : openAppending(to);
  return new Sink(descriptor, maxWaitingBytes, {
    failed: ({ code, message }) => log.error({ to, code }, `audit: cannot write: ${message}`),
    dropping: () => log.error({ to }, 'audit: dropping records: they are not taken as fast as they come'),
    recovered: (droppedRecords) => log.error({ to, droppedRecords }, 'audit: records were dropped'),
  });
}

/**
 * @param target 'stdout', or the path of a file that is appended to; and the form of records
 * @param log is told when records are lost
 * @throws the file system's error where the file cannot be opened
 */
export function openAuditLog(target: AuditTarget, log: Logger): MovableAuditLog {
  let { to, format } = target;
  let sink = openSink(to, log);
  let droppedBefore = 0;
  const logger = pino(
    {
      base: null,
      formatters: { level: () => ({}) },
      // pino puts a comma before the time because the level comes first; here there is no level.
      timestamp: () => `"time":"${new Date().toISOString()}"`,
    },
    { write: (line) => sink.write(plainText(line)) },
  );
  return {
    write(record) {
      if (format === 'json') {
        logger.info(record);
        return;
      }
      const entry = slowLogEntry({ ...record }, Date.now());
      if (entry !== null) sink.write(entry);
    },
    get droppedRecords() {
      return droppedBefore + sink.droppedInAll;
    },
    reopen(next) {
      if (next.to === 'stdout' && to === 'stdout') {
        format = next.format;
        return;
      }
      const opened = openSink(next.to, log);
      droppedBefore += sink.droppedInAll;
      void sink.close(closeTimeoutMs);
      sink = opened;
      ({ to, format } = next);
    },
    async close() {
      const end = await sink.close(closeTimeoutMs);
      if (end.lostLines > 0) log.error({ to, droppedRecords: end.lostLines }, 'audit: records were dropped');
      return end;
    },
  };
}
