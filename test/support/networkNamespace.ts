import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { guard, type Lifetime, spawned } from './guard.js';
import { run, runOk } from './run.js';

/** Another network namespace, which stands for another host: a pair of virtual interfaces leads to it. */
export interface NetworkNamespace {
  /** The address of this side, as programs in the namespace reach it. */
  readonly nearAddress: string;
  /** The address of the namespace, as programs of this side reach it. */
  readonly farAddress: string;
  /** The command that starts a program in the namespace. */
  readonly within: readonly string[];
}

/** A network namespace, and the process that keeps it. */
export interface Namespace {
  readonly pid: number;
  /** The command that starts a program in the namespace. */
  readonly within: readonly string[];
}

/** Starts a network namespace without a way out of it; it ends with `t`. Null when this machine does not allow it. */
export const startNamespace = async (t: Lifetime): Promise<Namespace | null> => {
  if ((await run('unshare', ['--net', 'true'])).code !== 0) return null;
  // The namespace and its interfaces last as long as the process in it.
  const script = 'echo inside; exec sleep infinity';
  const holder = spawn('unshare', ['--net', 'sh', '-c', script], { stdio: ['ignore', 'pipe', 'ignore'] });
  const isInside = once(holder.stdout, 'data');
  const pid = await spawned(holder);
  const callOff = guard(pid);
  t.teardown(() => {
    holder.kill('SIGKILL');
    callOff();
  });
  await isInside;
  return { pid, within: ['nsenter', `--net=/proc/${pid}/ns/net`] };
};

/** Runs a program in a namespace. Returns its standard output; throws if it fails. */
export const runWithin = ({ within }: Namespace, command: readonly string[]): Promise<string> =>
  runOk('env', [...within, ...command]);

/** Starts a network namespace, which ends with `t`. Returns null when this machine does not allow it. */
export const startNetworkNamespace = async (t: Lifetime): Promise<NetworkNamespace | null> => {
  const namespace = await startNamespace(t);
  if (namespace === null) return null;
  const { pid, within } = namespace;
  const ip = (...args: readonly string[]): Promise<string> => runOk('ip', args);
  const ipInside = (...args: readonly string[]): Promise<string> => runWithin(namespace, ['ip', ...args]);
  const [near, far] = [`sl${pid}n`, `sl${pid}f`];
  // Of the block that RFC 2544 reserves for benchmarks of networks.
  const network = `198.18.${pid % 256}`;
  await ip('link', 'add', near, 'type', 'veth', 'peer', 'name', far, 'netns', String(pid));
  await ip('address', 'add', `${network}.1/30`, 'dev', near);
  await ip('link', 'set', near, 'up');
  await ipInside('address', 'add', `${network}.2/30`, 'dev', far);
  for (const name of [far, 'lo']) await ipInside('link', 'set', name, 'up');
  return { nearAddress: `${network}.1`, farAddress: `${network}.2`, within };
};
