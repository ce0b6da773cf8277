// The memory of a control group, as the kernel's small files show it. (Linux, Documentation/admin-guide/cgroup-v2.rst.)

/** The memory of a group, in bytes. */
export interface GroupState {
  readonly limitBytes: number;
  readonly usedBytes: number;
}

/** The text of one of the kernel's files, for a process in a group with this memory; empty for any other file. */
export const memoryText = (path: string, { limitBytes, usedBytes }: GroupState): string => {
  switch (path) {
    case '/proc/self/cgroup':
      return '0::/\n';
    case '/proc/self/mountinfo':
      return '30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n';
    case '/sys/fs/cgroup/memory.max':
      return `${limitBytes}\n`;
    case '/sys/fs/cgroup/memory.current':
      return `${usedBytes}\n`;
    default:
      return '';
  }
};
