import { createHash } from 'node:crypto';
import { connectOptions } from './clients.js';
import { run } from './run.js';
import { APP } from './seed.js';
import { MYSQL9_ENV, mysql9Program, type ServerKind } from './servers.js';

/** The dump program of each vendor. */
export const DUMP_PROGRAMS = { mariadb: 'mariadb-dump', mysql: mysql9Program('mysqldump') } as const;

/** The outcome of a dump: equal dumps have equal outcomes. */
export interface Dump {
  readonly code: number | null;
  readonly stderr: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface DumpOptions {
  /** The address to connect to; 127.0.0.1 unless told otherwise. */
  readonly host?: string;
  /** A command that runs the given command elsewhere, such as `nsenter --net=FILE`. */
  readonly within?: readonly string[];
  /** Is called when bytes come, with the number of all bytes so far. */
  readonly onBytes?: (bytes: number) => void;
}

/** Dumps the schema of the tests (`numbers`, and `big` if it is there) through `port`. */
export const dump = async (vendor: ServerKind, port: number, options: DumpOptions = {}): Promise<Dump> => {
  const { host = '127.0.0.1', within = [], onBytes = () => undefined } = options;
  const hash = createHash('sha256');
  let bytes = 0;
  const command = [...within, DUMP_PROGRAMS[vendor], ...connectOptions(vendor, port), `--host=${host}`,
    '--skip-comments', '--no-tablespaces', '--hex-blob', APP.schema];
  const { code, stderr } = await run('env', command, {
    env: MYSQL9_ENV,
    onStdout: (chunk) => {
      hash.update(chunk);
      bytes += chunk.length;
      onBytes(bytes);
    },
  });
  return { code, stderr, bytes, sha256: hash.digest('hex') };
};
