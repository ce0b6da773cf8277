import { pino, type Logger } from 'pino';
import type { LogLevel } from '../config/config.js';
import { plainText } from './plainText.js';
import { readableLine } from './readableLine.js';
import { LineSink, type SinkEnd } from './lineSink.js';
import { world } from '../world/world.js';

/** The log of the program, on standard error. Standard output is for the audit. */
export interface Log {
  readonly logger: Logger;
  /** The number of lines that were lost because standard error was too slow. */
  readonly droppedLines: number;
  /** Writes a line of another process's logger as one of its own. */
  write(line: string): void;
  /** Writes the waiting lines, for a bounded time. */
  close(): Promise<SinkEnd>;
}

const STANDARD_ERROR = 2;
const MAX_WAITING_BYTES = 1024 * 1024;
const CLOSE_TIMEOUT_MS = 1000;

/**
 * A logger of JSON lines.
 * @param level the lowest level that is logged
 * @param base the fields of every line
 */
export function loggerTo(level: LogLevel, write: (line: string) => void, base: object | null = null): Logger {
  const formatters = { level: (label: string) => ({ level: label }) };
  const timestamp = (): string => `,"time":"${new Date(world.dateMs()).toISOString()}"`;
  return pino({ level, base, timestamp, formatters }, { write });
}

/**
 * Makes the log of the program.
 * @param level the lowest level that is logged
 * @param isReadable lines for a person at a terminal, instead of JSON
 */
export function createLog(level: LogLevel, isReadable: boolean): Log {
  const sink = new LineSink(STANDARD_ERROR, MAX_WAITING_BYTES, {
    // If the log itself cannot be written, there is no place to report it.
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
    close: () => sink.close(CLOSE_TIMEOUT_MS),
  };
}
