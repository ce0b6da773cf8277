/** The decisions in which the two directions of a session differ. A flow leaves them to its direction. */
export interface Direction {
  /** A blocked flow reads on while fewer bytes than these are undecided. */
  readonly maxWaitingBytes: number;
  /** A scan begins. All bytes that it decides are delivered in the way that holds now. */
  scanBegins(): void;
  /** Passes decided bytes on, drops them or holds them back. */
  deliver(bytes: Buffer): void;
  /** Makes the decision that the scan has stopped for. */
  settle(): Settled;
  /** The flow is blocked, or is blocked and has got more bytes. Returns whether the source may be paused. */
  mayPause(): boolean;
  /** A waiting turn was served: some or all of the bytes that waited have been scanned. */
  caughtUp(): void;
  /** The sink or the `Room` may have begun or stopped to take bytes. */
  roomChanged(hasRoom: boolean): void;
  /** The source has ended. */
  sourceEnded(): void;
  /** No more bytes will follow. Returns whether the undecided bytes may go out. */
  mayWriteRest(): boolean;
}

/** The next step after a scan has stopped: scan on, wait for `unblock`, or wait for more bytes or the next turn. */
export type Settled = 'onward' | 'blocked' | 'exhausted';
