import type { SocketQueues } from './socketQueues.js';

/** Whether it is the client that a response waits for, or the network: by the looks at its connection. */
export class WaitedFor {
  /**
   * Looks since the response began that found something waiting, and those of them at which the client had something to
   * read.
   */
  private looks = 0;
  private fullLooks = 0;

  /** A response begins. */
  restart(): void {
    this.looks = this.fullLooks = 0;
  }

  /** A look found something waiting for the client. */
  seen(queues: SocketQueues): void {
    this.looks += 1;
    this.fullLooks += Number(showsClient(queues));
  }

  /** As far as was seen, the client had something to read whenever something waited for it. */
  get isClient(): boolean {
    return this.fullLooks >= LEAST_PART_FULL * this.looks;
  }
}

/**
 * In less than this part of the looks, something to read at the client's side says that it is the network that is slow.
 */
const LEAST_PART_FULL = 0.25;

/**
 * Whether something waits for the client and not for the network: its receive buffer is full; or what it has not read
 * can be seen, so that it is on this host, and no network is in between.
 */
const showsClient = ({ unreadBytes, isClientFull }: SocketQueues): boolean => isClientFull || unreadBytes !== null;
