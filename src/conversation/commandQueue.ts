import type { PendingCommand, Usage } from './command.js';

/** The commands that the server has not finished answering, in the order that they were sent. */
export class CommandQueue<U extends Usage> {
  private readonly pending: PendingCommand<U>[] = [];
  private keptBytes = 0;

  /** The command that is being answered; null while none is. */
  get head(): PendingCommand<U> | null {
    return this.pending[0] ?? null;
  }

  /** The command that was sent last; null where all are answered. */
  get tail(): PendingCommand<U> | null {
    return this.pending[this.pending.length - 1] ?? null;
  }

  get length(): number {
    return this.pending.length;
  }

  get isFull(): boolean {
    return this.pending.length >= MAX_PENDING || this.keptBytes >= MAX_KEPT_BYTES;
  }

  /** Behind the command that is being answered stand others that are to be answered. */
  get hasMoreToAnswer(): boolean {
    return this.pending.some(({ shape }, index) => index > 0 && shape !== 'none');
  }

  push(command: PendingCommand<U>): void {
    this.pending.push(command);
  }

  /**
   * So many bytes are kept of the command that was pushed last. It may be over already: errors do not wait for its end.
   */
  keep(command: PendingCommand<U>, byteCount: number): void {
    if (command !== this.tail) return;
    command.keptBytes = byteCount;
    this.keptBytes += byteCount;
  }

  shift(): void {
    this.keptBytes -= this.pending.shift()?.keptBytes ?? 0;
  }

  clear(): void {
    this.pending.length = 0;
    this.keptBytes = 0;
  }
}

/** Commands sent ahead of their answers that one session may have; the next ones wait with the client. */
const MAX_PENDING = 256;
/** What may be kept of them all together before the next ones wait. */
const MAX_KEPT_BYTES = 1024 * 1024;
