import type { Usage } from '../../conversation/command.js';
import type { Conversation } from '../../conversation/conversation.js';
import type { QueueView } from '../pace/clientLook.js';
import { SendWindow } from '../window/sendWindow.js';
import { GatheredReads } from './gatheredReads.js';
import type { Room } from './room.js';

/** The room that a client has for responses. It decides when the server is read, and how much at once. */
export class ClientRoom implements Room {
  /** Bounds the written bytes that the client has not taken. */
  readonly window: SendWindow;
  private readonly gathered: GatheredReads;
  /** The client has left, or was let go: no more bytes go to it. */
  hasParted = false;
  /** A response that is to be cut at its next row, and whose row under way needs no room at the client. */
  private hurried: Usage | null = null;

  /**
   * @param queue shows the bytes that wait for the client
   * @param changed is called when `isShut` changes
   * @param pauseOver is called when a pause between two reads is over
   */
  constructor(
    queue: QueueView, private readonly conversation: Conversation, changed: () => void, pauseOver: () => void,
  ) {
    this.window = new SendWindow(queue, changed);
    this.gathered = new GatheredReads(pauseOver);
  }

  get isShut(): boolean {
    return this.window.isShut;
  }

  /** Bytes need no room at the client if they are discarded, few and to be cut, or the client has left. */
  get isNeeded(): boolean {
    const { isDiscarding, usage } = this.conversation.server;
    const isHurried = this.hurried !== null && this.hurried === usage;
    return !isDiscarding && !isHurried && !this.hasParted;
  }

  get isPausing(): boolean {
    return this.gathered.isPausing;
  }

  readsPastSink(isBlocked: boolean): boolean {
    return isBlocked || !this.isNeeded;
  }

  /** Whether it is known that the client reads quickly. Then a large response may be read with pauses. */
  get isOpen(): boolean {
    return this.window.readBytes === Infinity && this.isNeeded;
  }

  /** Begins a pause after a read of `readBytes` bytes, if that pays off for this response. Returns whether it has. */
  pause(readBytes: number, { bytes, firstRowAtMs }: Usage): boolean {
    return this.gathered.begin(readBytes, bytes, this.conversation.options.now() - firstRowAtMs);
  }

  /**
   * Lets the row under way be read to its end, although the client does not read, so that the response can be cut
   * after it. Returns whether it may be: a row that is too large goes on at the client's pace.
   */
  hurry(): boolean {
    const { usage, rowBytesToCome } = this.conversation.server;
    if (rowBytesToCome > MAX_HURRIED_BYTES) return false;
    this.hurried = usage;
    return true;
  }

  /** The client has left: nothing needs room any more. */
  part(): void {
    this.hasParted = true;
  }

  close(): void {
    this.window.close();
    this.gathered.end();
  }
}

/** The largest rest of a row that is written to a client that does not read. */
const MAX_HURRIED_BYTES = 1024 * 1024;
