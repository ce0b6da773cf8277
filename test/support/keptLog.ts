import { pino, type Logger } from 'pino';
import type { Entry } from './inProcess.js';

/** A log, from level `debug` on, and its lines. */
export const keptLog = (): { readonly log: Logger, readonly entries: Entry[] } => {
  const entries: Entry[] = [];
  const formatters = { level: (level: string) => ({ level }) };
  const log = pino({ level: 'debug', base: null, formatters }, {
    write: (line) => void entries.push(JSON.parse(line) as Entry),
  });
  return { log, entries };
};
