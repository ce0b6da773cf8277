import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { type Lifetime } from './guard.js';

/** A control group whose memory limit the kernel holds. */
export interface KernelCgroup {
  /** The command that starts a program in it. */
  readonly within: readonly string[];
  /** The number of its processes that the kernel has ended because they needed more. */
  oomKills(): number;
}

interface Place {
  /** An existing group, in which a group with a memory limit can be made. */
  readonly parent: string;
  readonly limitFile: string;
  /** The file with a line `oom_kill NUMBER`. */
  readonly killsFile: string;
}

/** The folder of this process's own group; of the top of what is mounted, if it is not seen. */
const ownFolder = (group: string, mounted: string, point: string): string => {
  const below = relative(mounted, group);
  const own = join(point, below);
  return below.startsWith('..') || !existsSync(own) ? point : own;
};

const placeOfV1 = (mounts: string, groups: string): Place | null => {
  const [, mounted, point] = /^\S+ \S+ \S+ (\S+) (\S+) [^\n]* - cgroup \S+ (?:\S*,)?memory(?:,|$)/m.exec(mounts) ?? [];
  const [, group] = /^\d+:(?:[^:\n]*,)?memory(?:,[^:\n]*)?:(.*)$/m.exec(groups) ?? [];
  if (mounted === undefined || point === undefined || group === undefined) return null;
  return {
    parent: ownFolder(group, mounted, point), limitFile: 'memory.limit_in_bytes', killsFile: 'memory.oom_control',
  };
};

/**
 * Finds the nearest group in which a group with a limit can be made. In version 2, a group that has processes cannot
 * limit the groups below it, unless it is the root.
 */
const placeOfV2 = (mounts: string, groups: string): Place | null => {
  const [, mounted, point] = /^\S+ \S+ \S+ (\S+) (\S+) [^\n]* - cgroup2 /m.exec(mounts) ?? [];
  const [, group] = /^0::(.*)$/m.exec(groups) ?? [];
  if (mounted === undefined || point === undefined || group === undefined) return null;
  for (let parent = ownFolder(group, mounted, point); ; parent = dirname(parent)) {
    const limited = readFileSync(join(parent, 'cgroup.subtree_control'), 'utf8').split(/\s+/);
    if (limited.includes('memory')) return { parent, limitFile: 'memory.max', killsFile: 'memory.events' };
    if (parent === point) return null;
  }
};

let made = 0;

/**
 * Makes a control group with a memory limit. It is removed at the end of `t`, after everything that was started in it.
 * @returns as a text, the reason why this machine cannot make one
 */
export const makeMemoryCgroup = (t: Lifetime, limitBytes: number): KernelCgroup | string => {
  if (!existsSync('/proc/self/cgroup')) return 'control groups need Linux';
  const [mounts, groups] = ['mountinfo', 'cgroup'].map((name) => readFileSync(`/proc/self/${name}`, 'utf8'));
  const place = placeOfV1(mounts!, groups!) ?? placeOfV2(mounts!, groups!);
  if (place === null) return 'the kernel has no memory controller for the control groups below this process';
  made += 1;
  const folder = join(place.parent, `sluice-test-${process.pid}-${made}`);
  try {
    mkdirSync(folder);
    writeFileSync(join(folder, place.limitFile), String(limitBytes));
  } catch (error) {
    return `a control group with a memory limit cannot be made (as root it can): ${String(error)}`;
  }
  t.teardown(() => removeWhenEmpty(folder));
  return {
    within: ['sh', '-c', `echo $$ > '${folder}/cgroup.procs' && exec "$@"`, 'sh'],
    oomKills: () => Number(/^oom_kill (\d+)$/m.exec(readFileSync(join(folder, place.killsFile), 'utf8'))?.[1] ?? NaN),
  };
};

/** Removes a group once it is empty. An ended process leaves its group a moment after its end. */
const removeWhenEmpty = async (folder: string): Promise<void> => {
  while (readFileSync(join(folder, 'cgroup.procs'), 'utf8') !== '') await new Promise((resolve) => setTimeout(resolve, 10));
  rmdirSync(folder);
};
