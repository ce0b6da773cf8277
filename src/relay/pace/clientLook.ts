import type { SocketQueues } from './socketQueues.js';

/** Asks for looks at one client, one at a time. */
export class ClientLook {
  private isLooking = false;
  private isClosed = false;
  private restTimer: NodeJS.Timeout | null = null;
  private lateTimer: NodeJS.Timeout | null = null;

  constructor(private readonly view: QueueView, private readonly observer: LookObserver) {}

  /** Looks once so many ms have passed, unless a look is under way or due already. */
  ask(restMs: number): void {
    if (this.isLooking || this.isClosed || this.restTimer !== null) return;
    if (restMs <= 0) void this.look();
    else this.restTimer = setTimeout(() => void this.look(), restMs);
  }

  /** Nobody is told of anything any more. */
  close(): void {
    this.isClosed = true;
    if (this.restTimer !== null) clearTimeout(this.restTimer);
    if (this.lateTimer !== null) clearInterval(this.lateTimer);
  }

  private async look(): Promise<void> {
    this.restTimer = null;
    this.isLooking = true;
    this.lateTimer = setInterval(() => this.observer.isLate(), LATE_AFTER_MS);
    const queues = await this.view.look();
    this.isLooking = false;
    clearInterval(this.lateTimer);
    if (!this.isClosed) this.observer.seen(queues);
  }
}

/** Looks at the kernel's queue of one client's connection. */
export interface QueueView {
  look(): Promise<SocketQueues>;
  /** Bytes that were written and that the kernel has not taken yet. */
  readonly pendingBytes: number;
  /** The time between two looks, in ms, while somebody always waits for the next one. */
  readonly intervalMs: number;
  /** What the client gets comes from another host. */
  readonly isServerFar: boolean;
}

/** What becomes of a look that was asked for. */
export interface LookObserver {
  seen(queues: SocketQueues): void;
  /** The look takes long. Is called again and again until it is there. */
  isLate(): void;
}

const LATE_AFTER_MS = 20;
