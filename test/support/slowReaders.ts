import { fileURLToPath } from 'node:url';
import { runOk } from './run.js';
import { APP } from './seed.js';

// Readers that take a large result slowly, 8 KiB at a time. A server closes the connection of a client that keeps it
// from writing for its `net_write_timeout`. The slowest possible rate depends on the buffers on the way.

const PROGRAM = fileURLToPath(new URL('programs/slow_reader.py', import.meta.url));

/** The outcome of one reader. */
export interface SlowReader {
  /** The rate at which it read, in KB/s. */
  readonly rate: number;
  /** Whether it still had its connection at the end. */
  readonly lived: boolean;
  /** The time for which it read, in seconds. */
  readonly seconds: number;
  /**
   * The bytes that waited for it in the kernel, in all sockets on its way: the median of samples. Null when nobody
   * measured.
   */
  readonly waitingBytes: number | null;
}

/** The way in which readers connect. */
export interface ReaderOptions {
  readonly host?: string;
  readonly encrypt?: boolean;
  readonly compress?: boolean;
  /**
   * The process id of the server, whose network namespace has the other sockets; with it, waiting bytes are measured.
   */
  readonly serverPid?: number;
}

/**
 * Runs readers side by side, one for each of `rates` (KB/s).
 * @param seconds the time for which they read, unless they are lost
 * @returns the outcome of each, the slowest first; throws when one cannot log in
 */
export const readSlowly = async (
  port: number, seconds: number, rates: readonly number[], options: ReaderOptions = {},
): Promise<SlowReader[]> => {
  const { host = '127.0.0.1', encrypt = false, compress = false, serverPid } = options;
  const flags = [
    ...(encrypt ? ['--encrypt'] : []), ...(compress ? ['--compress'] : []),
    ...(serverPid === undefined ? [] : ['--server-pid', String(serverPid)]),
  ];
  const address = [host, String(port), APP.user, APP.password, APP.schema];
  const said = await runOk('/usr/bin/python3', [PROGRAM, ...flags, ...address, String(seconds), ...rates.map(String)]);
  return JSON.parse(said) as SlowReader[];
};
