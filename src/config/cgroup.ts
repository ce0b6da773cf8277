import { existsSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { world } from '../world/world.js';

/**
 * The memory of the control group (cgroup) in which this process runs: of its container, mostly. The kernel ends a
 * process of a group that needs more than the limit of the group, or of one above it.
 * Source: Linux, Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst
 */
export class MemoryCgroup {
  private readonly place: { readonly files: Files; readonly folders: readonly string[] } | null;

  /** @param root where `/proc` and the mounted hierarchies are found */
  constructor(root = '/') {
    this.place = placeIn(root);
  }

  /** The memory of each group that has a limit, from the process's own upwards; empty if none has, or none is seen. */
  read(): GroupMemory[] {
    const { files, folders } = this.place ?? { files: V2, folders: [] };
    return folders.flatMap((folder) => groupMemory(folder, files) ?? []);
  }

  /** The group that uses the largest part of its limit; null if none has a limit. */
  get tightest(): GroupMemory | null {
    const part = ({ usedBytes, limitBytes }: GroupMemory): number => usedBytes / limitBytes;
    const [tightest] = this.read().sort((one, other) => part(other) - part(one));
    return tightest ?? null;
  }

  /** The lowest of the limits in bytes; null if there is none. */
  get limitBytes(): number | null {
    const limits = this.read().map(({ limitBytes }) => limitBytes);
    return limits.length === 0 ? null : Math.min(...limits);
  }
}

/** The memory of one group, in bytes. */
export interface GroupMemory {
  readonly limitBytes: number;
  /** The memory in use, without the file cache that the kernel can take back at once. */
  readonly usedBytes: number;
}

/** The names in a group's folder, by version of the interface. */
interface Files {
  readonly limit: string;
  readonly usage: string;
  /** The line of `memory.stat` that counts the groups below as well. */
  readonly inactive: RegExp;
}

const V1: Files = {
  limit: 'memory.limit_in_bytes', usage: 'memory.usage_in_bytes', inactive: /^total_inactive_file (\d+)$/m,
};
const V2: Files = { limit: 'memory.max', usage: 'memory.current', inactive: /^inactive_file (\d+)$/m };

/** A mounted hierarchy that counts memory. */
interface Mount {
  readonly files: Files;
  /** The group that is seen at `point`. */
  readonly group: string;
  readonly point: string;
}

/** Null where the system has no such hierarchy. */
function placeIn(root: string): MemoryCgroup['place'] {
  const groups = world.kernelText(join(root, 'proc/self/cgroup')).split('\n').map((line) => line.split(':'));
  const mounts = world.kernelText(join(root, 'proc/self/mountinfo')).split('\n').flatMap((line) => mountIn(line) ?? []);
  // If both are mounted, the controller is in one of them: version 1, if that has it at all.
  const mount = mounts.find(({ files }) => files === V1) ?? mounts[0];
  if (mount === undefined) return null;
  const ours = groups.find(([, controllers = '']) =>
    (mount.files === V1 ? controllers.split(',').includes('memory') : controllers === ''));
  if (ours === undefined) return null;
  const below = relative(mount.group, ours.slice(2).join(':'));
  const top = join(root, mount.point);
  const own = join(top, below);
  // In a container without a namespace of its own for groups, the path may be one of the host.
  const isSeen = below.split('/')[0] !== '..' && existsSync(own);
  return { files: mount.files, folders: upwards(isSeen ? own : top, top) };
}

/** A line of `mountinfo`: number, parent, device, root, mount point, options, tags, "-", type, source, options. */
function mountIn(line: string): Mount | null {
  const [before = '', after = ''] = line.split(' - ');
  const [, , , group = '', point = ''] = before.split(' ').map(unescaped);
  const [type, , options = ''] = after.split(' ');
  if (type === 'cgroup2') return { files: V2, group, point };
  return type === 'cgroup' && options.split(',').includes('memory') ? { files: V1, group, point } : null;
}

/** The kernel writes a space in a path as \040. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

function upwards(folder: string, top: string): string[] {
  const folders = [folder];
  for (let next = folder; next !== top; folders.push(next)) next = dirname(next);
  return folders;
}

function groupMemory(folder: string, { limit, usage, inactive }: Files): GroupMemory | null {
  const limitBytes = numberIn(world.kernelText(join(folder, limit)));
  const inUse = limitBytes === null ? null : numberIn(world.kernelText(join(folder, usage)));
  if (limitBytes === null || inUse === null) return null;
  const [, cached = '0'] = inactive.exec(world.kernelText(join(folder, 'memory.stat'))) ?? [];
  return { limitBytes, usedBytes: Math.max(0, inUse - Number(cached)) };
}

/** Null for "max", and for the number beyond all memory that version 1 has in its place. */
function numberIn(text: string): number | null {
  const number = /^\d+\n?$/.test(text) ? Number(text) : Infinity;
  return number <= Number.MAX_SAFE_INTEGER ? number : null;
}
