import { pino, stdTimeFunctions, type Logger } from 'pino';
import type { LogLevel } from '../config/config.js';
import { plainText } from './plainText.js';
import { readableLine } from './readableLine.js';
import { Sink, type SinkEnd } from './lineSink.js';

/** What the program says about itself, on standard error; standard output belongs to the audit. */
export interface Log {
  readonly logger: Logger;
  /** How many lines were lost, because they were not taken as fast as they came. */
  readonly droppedLines: number;
  /** Writes a line of another process's logger, as one of its own. */
  write(line: string): void;
  /** Writes what still waits, for a bounded time. */
  close(): Promise<SinkEnd>;
}

const standardError = 2;
const maxWaitingBytes = 1024 * 1024;
const closeTimeoutMs = 1000;

/**
 * A logger of JSON lines.
 * @param level the least that is said
 * @param base what every line has
 */
export function loggerTo(level: LogLevel, write: (line: string) => void, base: object | null = null): Logger {
  const formatters = { level: (label: string) => ({ level: label }) };
  return pino({ level, base, timestamp: stdTimeFunctions.isoTime, formatters }, { write });
}

/**
 * @param level the least that is said
 * @param isReadable lines for a person at a terminal, instead of JSON
 */
export function createLog(level: LogLevel, isReadable: boolean): Log {
  const sink = new Sink(standardError, maxWaitingBytes, {
    // Where the log itself cannot be written there is nowhere to say so.
    failed() {},
    dropping() {},
    recovered: (droppedLines) => logger.warn({ droppedLines }, 'log: lines were dropped'),
  });
  const write = (line: string): void => sink.write(isReadable ? readableLine(line) : plainText(line));
  const logger = loggerTo(level, write);
  return {
    logger,
    write,
    get droppedLines() {
      return sink.droppedInAll;
    },
    close: () => sink.close(closeTimeoutMs),
  };
}
