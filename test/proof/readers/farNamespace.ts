import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { guard, type Lifetime, spawned } from '../../support/guard.js';
import { run, runOk } from '../../support/run.js';

/** Another network namespace, behind a pair of virtual interfaces. */
export interface FarNamespace {
  /** The address of this side, as the other one reaches it. */
  readonly nearAddress: string;
  /** What a program is started by to run on the other side. */
  readonly startedBy: readonly string[];
}

/** Makes one, which ends with `t`; null where this machine does not let us. */
export const startFarNamespace = async (t: Lifetime): Promise<FarNamespace | null> => {
  if ((await run('unshare', ['--net', 'true'])).code !== 0) return null;
  // It lasts as long as the process in it, and so do the interfaces.
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
  const inside = [`--net=/proc/${pid}/ns/net`];
  const [near, far] = [`sl${pid}n`, `sl${pid}f`];
  // Of the block that RFC 2544 sets apart for benchmarks of networks.
  const network = `198.18.${pid % 256}`;
  await runOk('ip', ['link', 'add', near, 'type', 'veth', 'peer', 'name', far, 'netns', String(pid)]);
  await runOk('ip', ['address', 'add', `${network}.1/30`, 'dev', near]);
  await runOk('ip', ['link', 'set', near, 'up']);
  await runOk('nsenter', [...inside, 'ip', 'address', 'add', `${network}.2/30`, 'dev', far]);
  for (const name of [far, 'lo']) await runOk('nsenter', [...inside, 'ip', 'link', 'set', name, 'up']);
  return { nearAddress: `${network}.1`, startedBy: ['nsenter', ...inside] };
};
