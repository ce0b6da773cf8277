import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { guard, type Lifetime, spawned } from '../../support/guard.js';

// Loads of the machine, and limits on the CPU of a program.

const BUSY_LOOPS = 4;

/** Starts busy loops. They end with `t`, or when the returned function is called. */
export const startBusyLoops = async (t: Lifetime): Promise<() => void> => {
  const ends = await Promise.all(Array.from({ length: BUSY_LOOPS }, async () => {
    const loop = spawn('sh', ['-c', 'while :; do :; done'], { stdio: 'ignore' });
    const callOff = guard(await spawned(loop));
    return () => {
      loop.kill('SIGKILL');
      callOff();
    };
  }));
  const end = (): void => ends.forEach((endLoop) => endLoop());
  t.teardown(end);
  return end;
};

const PERIOD_US = 100_000;
const QUOTA_US = PERIOD_US / 4;

/** Control groups of version 1 and 2: the file of the quota, and its content. */
const HIERARCHIES = [
  { root: '/sys/fs/cgroup/cpu', file: 'cpu.cfs_quota_us', quota: String(QUOTA_US) },
  { root: '/sys/fs/cgroup', file: 'cpu.max', quota: `${QUOTA_US} ${PERIOD_US}` },
];

/** A group of processes with a quarter of a core. */
export interface QuarterCore {
  /** The command that starts a program in the group. */
  readonly startedBy: readonly string[];
  /** Removes the group; call it when its processes have ended. */
  remove(): void;
}

let madeCount = 0;

/** Makes such a group; null when this machine does not allow it. */
export const quarterCore = (): QuarterCore | null => {
  for (const { root, file, quota } of HIERARCHIES) {
    const folder = join(root, `sluice-test-${process.pid}-${madeCount += 1}`);
    try {
      mkdirSync(folder);
    } catch {
      continue;
    }
    if (existsSync(join(folder, file))) {
      writeFileSync(join(folder, file), quota);
      const enter = 'echo $$ >"$0/cgroup.procs" && exec "$@"';
      return { startedBy: ['sh', '-c', enter, folder], remove: () => rmdirSync(folder) };
    }
    rmdirSync(folder);
  }
  return null;
};
