import { readdirSync, readFileSync } from 'node:fs';

// The file descriptors of this process.

/** How many are open, and how many may be; null if the system does not tell. */
export function openDescriptors(): { readonly open: number; readonly max: number } | null {
  const max = descriptorLimit();
  return max === null ? null : { open: readdirSync('/proc/self/fd').length, max };
}

/** The most file descriptors that the process may open; null if the system does not tell it (proc(5), Linux). */
export function descriptorLimit(): number | null {
  try {
    const [, soft] = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    if (soft === undefined) return null;
    return soft === 'unlimited' ? Infinity : Number(soft);
  } catch {
    return null;
  }
}
