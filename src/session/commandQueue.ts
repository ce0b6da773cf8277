import type { PendingCommand } from './command.js';

/** Commands sent ahead of their answers that one session may have; the next ones wait with the client. */
const MAX_PENDING = 256;

/** The commands that the server has not finished answering, in the order that they were sent. */
export class CommandQueue {
  private readonly pending: PendingCommand[] = [];

  /** The command that is being answered; null while none is. */
  get head(): PendingCommand | null {
    return this.pending[0] ?? null;
  }

  /** The command that was sent last; null where all are answered. */
  get tail(): PendingCommand | null {
    return this.pending[this.pending.length - 1] ?? null;
  }

  get length(): number {
    return this.pending.length;
  }

  get isFull(): boolean {
    return this.pending.length >= MAX_PENDING;
  }

  push(command: PendingCommand): void {
    this.pending.push(command);
  }

  shift(): void {
    this.pending.shift();
  }

  clear(): void {
    this.pending.length = 0;
  }
}
