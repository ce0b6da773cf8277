import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';

// Folders that look like a system with control groups.

/** The memory of a group. */
export interface FakeMemory {
  /** No limit is "max" in version 2, and a huge number in version 1. */
  readonly limit: number | string;
  readonly used: number;
  readonly inactive?: number;
}

const systemWith = (t: Test, cgroup: string, mountinfo: string): string => {
  const root = mkdtempSync(join(tmpdir(), 'sluice-cgroups-'));
  t.teardown(() => rmSync(root, { recursive: true }));
  const self = join(root, 'proc/self');
  mkdirSync(self, { recursive: true });
  writeFileSync(join(self, 'cgroup'), cgroup);
  writeFileSync(join(self, 'mountinfo'), mountinfo);
  return root;
};

/** Writes the files of a group, in version 2. */
export const setMemory = (root: string, group: string, { limit, used, inactive = 0 }: FakeMemory): void => {
  const folder = join(root, 'sys/fs/cgroup', group);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'memory.max'), `${limit}\n`);
  writeFileSync(join(folder, 'memory.current'), `${used}\n`);
  writeFileSync(join(folder, 'memory.stat'), `anon 1\nactive_file 5\ninactive_file ${inactive}\n`);
};

/**
 * A system with version 2 alone.
 * @param own the group of the process
 * @returns the folder that stands for its root
 */
export const treeOfV2 = (t: Test, own: string, groups: Readonly<Record<string, FakeMemory>>): string => {
  const root = systemWith(
    t, `0::${own}\n`,
    '30 24 0:26 / /proc rw - proc proc rw\n' +
      '31 24 0:27 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n',
  );
  for (const [group, memory] of Object.entries(groups)) setMemory(root, group, memory);
  return root;
};

/**
 * A system with version 1, beside an empty version 2.
 * @param own the group of the process
 * @param seen the group that is mounted
 */
export const treeOfV1 = (
  t: Test, own: string, seen: string, groups: Readonly<Record<string, FakeMemory>>,
): string => {
  const root = systemWith(
    t, `5:cpu,cpuacct:/elsewhere\n4:memory:${own}\n0::/\n`,
    '33 24 0:26 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n' +
      `34 24 0:27 ${seen} /sys/fs/cgroup/the\\040memory rw - cgroup cgroup rw,memory\n` +
      '35 24 0:28 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n',
  );
  for (const [group, { limit, used, inactive = 0 }] of Object.entries(groups)) {
    const folder = join(root, 'sys/fs/cgroup/the memory', group);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'memory.limit_in_bytes'), `${limit}\n`);
    writeFileSync(join(folder, 'memory.usage_in_bytes'), `${used}\n`);
    writeFileSync(join(folder, 'memory.stat'), `inactive_file 1\ntotal_inactive_file ${inactive}\n`);
  }
  return root;
};
