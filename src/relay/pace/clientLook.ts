import type { SocketQueues } from './socketQueues.js';
import type { Timer } from '../../world/time.js';
import { world } from '../../world/world.js';

/** Requests looks at one client, one at a time. */
export class ClientLook {
  private isLooking = false;
  private isClosed = false;
  private restTimer: Timer | null = null;
  private lateTimer: Timer | null = null;

  constructor(private readonly view: QueueView, private readonly observer: LookObserver) {}

  /** Looks after this many ms, unless a look is under way or due already. */
  ask(restMs: number): void {
    if (this.isLooking || this.isClosed || this.restTimer !== null) return;
    if (restMs <= 0) void this.look();
    else this.restTimer = world.after(restMs, () => void this.look());
  }

  /** Stops all reports. */
  close(): void {
    this.isClosed = true;
    world.cancel(this.restTimer);
    world.cancel(this.lateTimer);
  }

  private async look(): Promise<void> {
    this.restTimer = null;
    this.isLooking = true;
    this.lateTimer = world.every(LATE_AFTER_MS, () => this.observer.late());
    const queues = await this.view.look();
    this.isLooking = false;
    world.cancel(this.lateTimer);
    if (!this.isClosed) this.observer.seen(queues);
  }
}

/** A view of the kernel's queue of one client's connection. */
export interface QueueView {
  look(): Promise<SocketQueues>;
  /** Bytes that were written and that the kernel has not taken yet. */
  readonly pendingBytes: number;
  /** The time between two looks, in ms, while some session always waits for the next one. */
  readonly intervalMs: number;
  /** Whether the server is on another host. */
  readonly isServerFar: boolean;
}

/** The receiver of the results of looks. */
export interface LookObserver {
  seen(queues: SocketQueues): void;
  /** The look takes long. Called repeatedly until its result is there. */
  late(): void;
}

const LATE_AFTER_MS = 20;
