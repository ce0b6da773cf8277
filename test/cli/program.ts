import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { run, type RunResult } from '../support/run.js';
import { runResident } from './residentProgram.js';

export const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

/** The environment of this process without Sluice's variables and OpenTelemetry's, and with those given. */
function environment(variables: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(SLUICE|OTEL)_/.test(name));
  return { ...Object.fromEntries(inherited), ...variables };
}

/** Runs the built program to its end in a process of its own. */
export function startedSluice(args: readonly string[], variables: NodeJS.ProcessEnv = {}): Promise<RunResult> {
  return run(process.execPath, [CLI, ...args], { env: environment(variables) });
}

/** The commands that keep running, start a program or read their input. Each of them needs a process of its own. */
const OWN_PROCESS = ['start', 'run', 'demo'];

/** Runs the built program to its end: in a process of its own only where the command needs it. */
export function sluice(args: readonly string[], variables: NodeJS.ProcessEnv = {}): Promise<RunResult> {
  const [first = ''] = args;
  const isHelp = args.some((word) => /^(-h|--help|-v|-V|--version)$/.test(word));
  const needsOwn = OWN_PROCESS.includes(first) || (!/^[a-z]/.test(first) || args.includes('-')) && !isHelp;
  return needsOwn ? startedSluice(args, variables) : runResident(args, environment(variables));
}

export interface Running {
  readonly pid: number;
  /** The log's lines so far. */
  readonly log: readonly Record<string, unknown>[];
  readonly port: number;
  kill(signal: NodeJS.Signals): void;
  /** Resolves when the log says this. */
  said(message: RegExp): Promise<Record<string, unknown>>;
  readonly ended: Promise<{ code: number | null; signal: string | null; stdout: string }>;
}

/**
 * Starts the built program; resolves when it listens. It ends with the test at the latest.
 * @param within a command that runs the given command elsewhere, such as in a control group
 */
export async function startProgram(
  t: Test, args: readonly string[], variables: NodeJS.ProcessEnv = {}, within: readonly string[] = [],
): Promise<Running> {
  const child = spawn('env', [...within, process.execPath, CLI, ...args], { env: environment(variables), stdio: 'pipe' });
  t.teardown(() => child.kill('SIGKILL'));
  const log: Record<string, unknown>[] = [];
  let onLine = () => {};
  createInterface({ input: child.stderr }).on('line', (line) => {
    log.push(line.startsWith('{') ? JSON.parse(line) : { msg: line });
    onLine();
  });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => { stdout += chunk; });
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, stdout }));
  const said = async (message: RegExp) => {
    for (;;) {
      const found = log.find(({ msg }) => message.test(String(msg)));
      if (found) return found;
      await Promise.race([
        new Promise<void>((resolve) => { onLine = resolve; }),
        ended.then(() => { throw new Error(`it ended without saying ${message}: ${JSON.stringify(log)}`); }),
      ]);
    }
  };
  const { address } = await said(/^listening$/);
  const port = Number(String(address).split(':').at(-1));
  return { pid: child.pid ?? 0, log, port, kill: (signal) => child.kill(signal), said, ended };
}

/** A server that accepts connections and sends nothing: a session with it lasts until it is ended. */
export interface SilentUpstream {
  readonly address: string;
  /** The next connection. */
  accepted(): Promise<Socket>;
}

export async function silentUpstream(t: Test): Promise<SilentUpstream> {
  const server = createServer();
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    accepted: async () => {
      const [socket]: Socket[] = await once(server, 'connection');
      if (!socket) throw new Error('a connection has a socket');
      return socket;
    },
  };
}

/** Connects to the program. */
export async function client(t: Test, port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  t.teardown(() => socket.destroy());
  await once(socket, 'connect');
  socket.resume();
  return socket;
}
