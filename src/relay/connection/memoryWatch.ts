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

  /** The group that is near its limit, as it was a moment ago; null if none is. To be asked when a client arrives. */
  get shortage(): GroupMemory | null {
    const nowMs = world.nowMs();
    if (nowMs - this.lookedAtMs < LOOK_EVERY_MS) return this.short;
    this.lookedAtMs = nowMs;
    this.short = this.foresee();
    return this.short;
  }

  /** The shortage that a client would find that arrives now. To ask changes nothing for clients. */
  foresee(): GroupMemory | null {
    const part = this.short === null ? ADMITTING_PART : ADMITTING_AGAIN_PART;
    return this.cgroup.read().find(({ usedBytes, limitBytes }) => usedBytes > limitBytes * part) ?? null;
  }
}

/** A look reads a few small files of the kernel's. In this time, new sessions take a few MiB at most. */
const LOOK_EVERY_MS = 50;
/** Below this part of the limit new sessions are admitted again, so that not every other client is turned away. */
const ADMITTING_AGAIN_PART = 0.85;
