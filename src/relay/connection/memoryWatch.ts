import { ADMITTING_PART } from '../../config/automatic.js';
import type { GroupMemory, MemoryCgroup } from '../../config/cgroup.js';
import { world } from '../../world/world.js';

/**
 * Watches the memory of the control groups in which Sluice runs. The kernel ends a process at their limits, and all its
 * sessions with it; so shortly before, no new ones begin. It looks when clients arrive, and not more often than they
 * can change much.
 */
export class MemoryWatch {
  private lookedAtMs = -Infinity;
  private short: GroupMemory | null = null;

  constructor(private readonly cgroup: Pick<MemoryCgroup, 'read'>) {}

  /** The group that is near its limit, as it was a moment ago; null if none is. */
  get shortage(): GroupMemory | null {
    const nowMs = world.nowMs();
    if (nowMs - this.lookedAtMs < LOOK_EVERY_MS) return this.short;
    this.lookedAtMs = nowMs;
    const part = this.short === null ? ADMITTING_PART : ADMITTING_AGAIN_PART;
    this.short = this.cgroup.read().find(({ usedBytes, limitBytes }) => usedBytes > limitBytes * part) ?? null;
    return this.short;
  }
}

/** A look reads a few small files of the kernel's. In this time, new sessions take a few MiB at most. */
const LOOK_EVERY_MS = 50;
/** Below this part of the limit new sessions are admitted again, so that not every other client is turned away. */
const ADMITTING_AGAIN_PART = 0.85;
