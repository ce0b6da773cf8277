import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { guard, type Lifetime, spawned } from './guard.js';

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

/** The fields of an audit record that the tests read. */
export interface AuditRecord {
  readonly time: string;
  readonly event: string;
  readonly action: string;
  readonly reason: string;
  readonly rule: string;
  readonly limit: { readonly rows: number | null; readonly bytes: number | null };
  readonly rows: number;
  readonly bytes: number;
  readonly complete: boolean;
  readonly forwardedRows: number;
  readonly forwardedBytes: number;
  readonly drainedBytes: number;
  readonly resultSets: number;
  readonly columns: number;
  readonly largestRowBytes: number;
  /** The heaviest columns, and the others together, in `columnBytesRows` rows. */
  readonly columnBytes?: readonly { readonly name?: string; readonly table?: string; readonly bytes: number }[];
  readonly columnBytesRows?: number;
  readonly columnBytesResultSet?: number;
  readonly requestBytes: number;
  readonly affectedRows?: number;
  readonly command: string;
  readonly sql: string | null;
  readonly sqlTruncated: boolean;
  readonly digest: string;
  readonly digestText: string | null;
  /** The bound parameters of a prepared statement as JSON: `{hex}` and `{longData}` for values that JSON lacks. */
  readonly params?: readonly unknown[];
  /** The tags of the statement or of its execution. */
  readonly tags?: Readonly<Record<string, string>>;
  readonly traceId?: string;
  readonly sampled?: boolean;
  readonly user: string;
  readonly schema: string;
  readonly client: string;
  readonly program: string | null;
  readonly connectionId: number;
  readonly session: number | string;
  readonly transaction?: number;
  readonly class: string;
  readonly signal: string | null;
  readonly firstRowMs: number;
  readonly durationMs: number;
  readonly stallMs: number;
  /** null while the response continues. */
  readonly outcome: string | null;
  /** Of cuts: the error that the client got. */
  readonly errorCode?: number;
  /** The error with which the server itself ended the response. */
  readonly serverError?: { readonly code: number };
  /** In records of results that were let through. */
  readonly rowsPerSecond?: number | null;
  /** The reason why exempt rows passed a limit. */
  readonly exempt?: string;
  /** In records of stalls. */
  readonly serverGaveUp?: boolean;
}

export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly address?: string;
  readonly [key: string]: unknown;
}

export interface Sluice {
  readonly pid: number;
  readonly port: number;
  /** Waits for the next audit record that was not taken yet. */
  nextRecord(): Promise<AuditRecord>;
  /** All audit records so far, taken or not. */
  records(): readonly AuditRecord[];
  /** The log so far, without lines about limits of this machine. */
  log(): readonly LogLine[];
  /** Takes the log's lines so far. */
  takeLog(): readonly LogLine[];
  /** Its output that is no JSON. */
  complaint(): string;
  /** Memory that the process has resident, in bytes. */
  residentBytes(): number;
  /** The resident memory after garbage collection; only with `collects`. */
  collectedBytes(): Promise<number>;
  /** Sends SIGINT. Resolves with the exit code when all output has been read. */
  stop(): Promise<number | null>;
}

export interface SluiceOptions {
  /** The server's port. */
  readonly upstream: number;
  /** Its address; 127.0.0.1 unless told otherwise. */
  readonly upstreamHost?: string;
  readonly flags?: readonly string[];
  /** Written to a file that is given with --config. */
  readonly config?: object;
  /** The listen address in place of a free port of 127.0.0.1; `port` is no number for a Unix socket. */
  readonly listen?: string;
  /** A command that runs the given command elsewhere, such as `nsenter --net=FILE`. */
  readonly within?: readonly string[];
  /** The URL of a module that is loaded before the program's own. */
  readonly before?: string;
  /** Whether it collects garbage on a signal: otherwise memory says little about leaks. */
  readonly collects?: true;
}

const COLLECTED = 'garbage is collected';

/** A module that is loaded before the program's own. It collects garbage at SIGUSR2, and reports it. */
const COLLECTOR = `data:text/javascript,${encodeURIComponent(`
  import { setFlagsFromString } from 'node:v8';
  import { runInNewContext } from 'node:vm';
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  process.on('SIGUSR2', async () => {
    for (let i = 0; i < 10; i += 1) {
      collect();
      await new Promise((resolve) => setTimeout(resolve, 100)); // threads give the pages back
    }
    console.error(JSON.stringify({ level: 'info', msg: '${COLLECTED}' }));
  });
`)}`;

/** Settings without TLS on either connection, so that a test can read the bytes. */
export const IN_CLEAR = {
  listen: { host: '127.0.0.1', tls: { mode: 'off' } }, upstream: { host: '127.0.0.1', tls: { mode: 'off' } },
} as const;

/** A stream of JSON lines, taken one by one or looked at as a whole. */
class Lines<T> {
  readonly all: T[] = [];
  #taken = 0;
  #ended: Error | null = null;
  #changed: () => void = () => undefined;

  add(line: T): void {
    this.all.push(line);
    this.#changed();
  }

  takeAll(): T[] {
    this.#taken = 0;
    return this.all.splice(0);
  }

  end(why: Error): void {
    this.#ended = why;
    this.#changed();
  }

  async next(): Promise<T> {
    for (;;) {
      const line = this.all[this.#taken];
      if (line !== undefined) {
        this.#taken += 1;
        return line;
      }
      if (this.#ended) throw this.#ended;
      // Far longer than a line takes. After that the failure names the missing line.
      await new Promise<void>((resolve, reject) => {
        const patience = setTimeout(() => reject(new Error('waited 30 s for a line of sluice')), 30_000);
        this.#changed = () => {
          clearTimeout(patience);
          resolve();
        };
      });
    }
  }
}

const configFlags = (t: Lifetime, config: object | undefined): string[] => {
  if (!config) return [];
  const folder = mkdtempSync(join(tmpdir(), 'sluice-config-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'sluice.json');
  writeFileSync(file, JSON.stringify(config));
  return ['--config', file];
};

/** Starts the built command in front of `upstream` on a free port; it ends with `t`. */
export const startSluice = async (t: Lifetime, options: SluiceOptions): Promise<Sluice> => {
  const {
    upstream, upstreamHost = '127.0.0.1', flags = [], config, listen = '127.0.0.1:0', within = [], before,
    collects = false,
  } = options;
  const args = ['start', '--listen', listen, '--upstream', `${upstreamHost}:${upstream}`,
    ...configFlags(t, config), ...flags];
  const modules = [...(collects ? [COLLECTOR] : []), ...(before === undefined ? [] : [before])];
  const imports = modules.flatMap((module) => ['--import', module]);
  const command = [...within, process.execPath, ...imports, CLI, ...args];
  const child = spawn('env', command, { stdio: ['ignore', 'pipe', 'pipe'] });
  const pid = await spawned(child);
  const callOff = guard(pid);
  const records = new Lines<AuditRecord>();
  const log = new Lines<LogLine>();
  let complaint = '';
  let tellCollected: () => void = () => undefined;
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      if (!line.startsWith('{')) {
        complaint += `${line}\n`;
        return;
      }
      const entry = JSON.parse(line) as AuditRecord | LogLine;
      if ('msg' in entry && entry.msg === COLLECTED) tellCollected();
      else if ('event' in entry && 'action' in entry) records.add(entry as AuditRecord);
      else log.add(entry as LogLine);
    });
  }
  const ended = once(child, 'close').then(([code, signal]: (number | string | null)[]) => {
    callOff();
    const why = new Error(`sluice ${args.join(' ')} ended with ${code ?? signal}:\n${complaint}`);
    records.end(why);
    log.end(why);
    return typeof code === 'number' ? code : null;
  });
  t.teardown(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  let line = await log.next();
  while (line.msg !== 'listening' || line.address === undefined) line = await log.next();
  return {
    pid,
    port: Number(line.address.slice(line.address.lastIndexOf(':') + 1)),
    nextRecord: () => records.next(),
    records: () => records.all,
    log: () => log.all.filter(({ msg }) => !msg.startsWith('config: connections.max:')),
    takeLog: () => log.takeAll(),
    complaint: () => complaint,
    residentBytes: () => residentBytes(pid),
    collectedBytes: async () => {
      const collected = new Promise<void>((resolve) => (tellCollected = resolve));
      child.kill('SIGUSR2');
      await collected;
      return residentBytes(pid);
    },
    stop: () => {
      child.kill('SIGINT'); // SIGINT does not wait for new connections, as SIGTERM does
      return ended;
    },
  };
};

/** The resident memory of process `pid` in bytes (proc(5), VmRSS in kB). */
export const residentBytes = (pid: number): number => {
  const found = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  if (!found) throw new Error(`/proc/${pid}/status has no VmRSS`);
  return Number(found[1]) * 1024;
};
