import type { PendingCommand, Usage } from './command.js';

/** The commands that the server has not finished answering, in the order in which they were sent. */
export class CommandQueue<U extends Usage> {
  private readonly pending: PendingCommand<U>[] = [];
  private keptBytes = 0;

  /** The command that is being answered; null if there is none. */
  get head(): PendingCommand<U> | null {
    return this.pending[0] ?? null;
  }

  /** The command that was sent last; null if all are answered. */
  get tail(): PendingCommand<U> | null {
    return this.pending[this.pending.length - 1] ?? null;
  }

  get length(): number {
    return this.pending.length;
  }

  get isFull(): boolean {
    return this.pending.length >= MAX_PENDING || this.keptBytes >= MAX_KEPT_BYTES;
  }

  /** Whether the server has to answer another command than this one. The given one may be answered already. */
  awaitsMoreThan(answered: PendingCommand<U> | null): boolean {
    return this.pending.some((command) => command !== answered && command.shape !== 'none');
  }

  push(command: PendingCommand<U>): void {
    this.pending.push(command);
    this.keptBytes += command.keptBytes;
  }

  /**
   * Notes the number of bytes that are kept of a command: of the one that was pushed last, or of one that is not pushed
   * yet. The command may be over already, since a server may answer with an error before the end of a command.
   */
  keep(command: PendingCommand<U>, byteCount: number): void {
    if (command === this.tail) this.keptBytes += byteCount - command.keptBytes;
    command.keptBytes = byteCount;
  }

  shift(): void {
    this.keptBytes -= this.pending.shift()?.keptBytes ?? 0;
  }

  clear(): void {
    this.pending.length = 0;
    this.keptBytes = 0;
  }
}

/** The most commands without an answer in one session. Further commands wait. */
const MAX_PENDING = 256;
/** The most bytes that are kept of these commands. Beyond it further commands wait. */
const MAX_KEPT_BYTES = 1024 * 1024;
