import type { SocketQueues } from './socketQueues.js';

/** Tells from looks at a client's connection whether a response waits for the client or for the network. */
export class WaitedFor {
  /**
   * The looks since the response began that found waiting bytes, and those of them at which the client had bytes to
   * read.
   */
  private looks = 0;
  private fullLooks = 0;

  /** A response begins. */
  restart(): void {
    this.looks = this.fullLooks = 0;
  }

  /** A look has found bytes that wait for the client. */
  seen(queues: SocketQueues): void {
    this.looks += 1;
    this.fullLooks += Number(showsClient(queues));
  }

  /** Whether the client had bytes to read at enough of the looks that found waiting bytes. */
  get isClient(): boolean {
    return this.fullLooks >= LEAST_PART_FULL * this.looks;
  }
}

/** If the client had bytes to read at a smaller part of the looks than this, the network is slow. */
const LEAST_PART_FULL = 0.25;

/**
 * Whether bytes wait for the client and not for the network: its receive buffer is full, or its unread bytes are
 * visible, which means that it is on this host without a network in between.
 */
const showsClient = ({ unreadBytes, isClientFull }: SocketQueues): boolean => isClientFull || unreadBytes !== null;
