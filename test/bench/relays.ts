import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../support/freePort.js';
import { guard, spawned } from '../support/guard.js';
import { IN_CLEAR, startSluice } from '../support/sluice.js';
import type { Scope } from './lifetimes.js';

/** Something between a client and a server that accepts connections. */
export interface Relay {
  readonly port: number;
  /** The process whose cost is measured; null where clients connect directly. */
  readonly pid: number | null;
}

/** Starts a relay in front of a server on 127.0.0.1; it ends with `scope`. */
export type StartRelay = (scope: Scope, upstreamPort: number) => Promise<Relay>;

/** A connection without a relay. */
export const startDirect: StartRelay = (_scope, upstreamPort) => Promise.resolve({ port: upstreamPort, pid: null });

/**
 * Limits that no benchmark reaches, so that whole results pass. Each row is still counted and compared. Everything
 * else has its default, except that nothing is encrypted, since no other relay encrypts.
 */
export const UNREACHED = { limits: { rows: 1e12, bytes: '100TiB' }, ...IN_CLEAR };

/** Sluice, with changes to the configuration that is measured by default. */
export const startSluiceWith = (config: object): StartRelay => async (scope, upstreamPort) => {
  const { pid, port } = await startSluice(scope, { upstream: upstreamPort, config: { ...UNREACHED, ...config } });
  return { pid, port };
};

/** The plain pipe of Node.js: `a.pipe(b)`, `b.pipe(a)`. */
export const startPipe: StartRelay = async (scope, upstreamPort) => {
  const program = fileURLToPath(new URL('pipe.js', import.meta.url));
  const child = fork(program, [String(upstreamPort)], { stdio: 'inherit' });
  const pid = await keep(scope, child);
  const [port] = (await once(child, 'message')) as [number];
  return { pid, port };
};

/** A program that reads its address from a file. */
interface ConfiguredRelay {
  readonly program: string;
  readonly args: (file: string) => string[];
  readonly config: (listenPort: number, upstreamPort: number, folder: string) => string;
}

/** Starts such a program and waits until it accepts connections. */
export const startConfigured = (relay: ConfiguredRelay): StartRelay => async (scope, upstreamPort) => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-'));
  scope.teardown(() => rm(folder, { recursive: true, force: true }));
  const port = await freePort();
  const file = join(folder, 'relay.conf');
  await writeFile(file, relay.config(port, upstreamPort, folder));
  const child = spawn(relay.program, relay.args(file), { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (said += text.toString()));
  const pid = await keep(scope, child);
  await untilListening(port, () => {
    if (child.exitCode !== null) throw new Error(`${relay.program} ended with ${child.exitCode}:\n${said}`);
  });
  return { pid, port };
};

/** Enough sessions for the largest load, within 20,000 descriptors. */
const MAX_SESSIONS = 9500;

/** HAProxy in TCP mode with one thread. */
export const haproxy = (program: string): ConfiguredRelay => ({
  program,
  args: (file) => ['-db', '-f', file],
  config: (listenPort, upstreamPort) => `
global
  nbthread 1
  maxconn ${MAX_SESSIONS}
defaults
  mode tcp
  maxconn ${MAX_SESSIONS}
  timeout connect 10s
  timeout client 1h
  timeout server 1h
listen relay
  bind 127.0.0.1:${listenPort}
  server upstream 127.0.0.1:${upstreamPort}
`,
});

/** nginx's stream module in a single process. */
export const nginx = (program: string): ConfiguredRelay => ({
  program,
  args: (file) => ['-c', file],
  config: (listenPort, upstreamPort, folder) => `
load_module /usr/lib/nginx/modules/ngx_stream_module.so;
daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log stderr error;
events { worker_connections ${2 * MAX_SESSIONS}; }
stream {
  server {
    listen 127.0.0.1:${listenPort} backlog=4096;
    proxy_pass 127.0.0.1:${upstreamPort};
    proxy_timeout 1h;
  }
}
`,
});

/**
 * MySQL Router with one I/O thread. Both ends do TLS themselves, which is the least work for the router.
 * @param pluginFolder the folder of its plugins, if not its own default
 */
export const mysqlRouter = (program: string, pluginFolder: string | null): ConfiguredRelay => ({
  program,
  args: (file) => ['-c', file],
  config: (listenPort, upstreamPort, folder) => `
[DEFAULT]
${pluginFolder === null ? '' : `plugin_folder=${pluginFolder}`}
logging_folder=${folder}
runtime_folder=${folder}
data_folder=${folder}
max_total_connections=${MAX_SESSIONS}
[logger]
level=ERROR
[io]
threads=1
[routing:bench]
bind_address=127.0.0.1
bind_port=${listenPort}
destinations=127.0.0.1:${upstreamPort}
routing_strategy=first-available
protocol=classic
client_ssl_mode=PASSTHROUGH
max_connections=${MAX_SESSIONS}
max_connect_errors=1000000
`,
});

/** Ends a child with `scope`, also when this process is killed. */
export const keep = async (scope: Scope, child: ChildProcess): Promise<number> => {
  const pid = await spawned(child);
  const callOff = guard(pid);
  const ended = once(child, 'exit').finally(callOff);
  scope.teardown(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return pid;
};

const LISTEN_ATTEMPTS = 300;

const untilListening = async (port: number, check: () => void): Promise<void> => {
  for (let attempt = 0; attempt < LISTEN_ATTEMPTS; attempt += 1) {
    check();
    const socket = connect(port, '127.0.0.1');
    const isOpen = await new Promise((resolve) => {
      socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
    });
    socket.destroy();
    if (isOpen) return;
    await pause(100);
  }
  throw new Error(`nothing listens on port ${port} after ${LISTEN_ATTEMPTS / 10} s`);
};
