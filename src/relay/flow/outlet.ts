import type { SocketSink } from './socketSink.js';

/** The place that a flow passes its decided bytes to, in the order of the stream. */
export interface Outlet {
  /** Sends these bytes on. */
  forward(bytes: Buffer): void;
  /** Drops these bytes. */
  drop(bytes: Buffer): void;
  /** Holds these bytes back. The bytes that follow wait behind them. */
  keep(bytes: Buffer): void;
  /** Sends on the bytes that were held back. */
  release(): void;
  /** Drops the bytes that were held back. */
  dropKept(): void;
  /** Inserts packets that the source did not send. */
  inject(packets: Buffer): void;
  /** Returns packets in the form in which they can follow the bytes that have gone to the sink. */
  wrap(packets: Buffer): Buffer;
  /** Returns a packet that begins a command, in the form in which it can go to the sink. */
  wrapCommand(packet: Buffer): Buffer;
  /** Returns packets in the form in which they can answer the source. */
  wrapAnswer(packets: Buffer): Buffer;
  /**
   * Returns packets in the form in which they can answer a command of the sink's peer. That command never goes to the
   * source.
   */
  wrapRefusal(packets: Buffer): Buffer;
  /** Sends on decided bytes that wait for a decision on other bytes. */
  flush(): void;
  /** The outlet has no decided or held back bytes left. */
  readonly isSettled: boolean;
  /** The next bytes of the source could go to the sink as they come. */
  readonly canPassBytes: boolean;
}

/** The outlet of packets without frames: they go out at once, as they are. */
export class PlainOutlet implements Outlet {
  readonly canPassBytes = true;
  private kept: Buffer[] = [];

  constructor(private readonly sink: SocketSink) {}

  forward(bytes: Buffer): void {
    this.sink.write(bytes);
  }

  drop(): void {}

  keep(bytes: Buffer): void {
    this.kept.push(Buffer.from(bytes)); // the next read overwrites `bytes`
  }

  release(): void {
    if (this.kept.length === 0) return;
    const { kept } = this;
    this.kept = [];
    for (const bytes of kept) this.sink.write(bytes);
  }

  dropKept(): void {
    this.kept = [];
  }

  inject(packets: Buffer): void {
    this.sink.write(packets);
  }

  wrap(packets: Buffer): Buffer {
    return packets;
  }

  wrapCommand(packet: Buffer): Buffer {
    return packet;
  }

  wrapAnswer(packets: Buffer): Buffer {
    return packets;
  }

  wrapRefusal(packets: Buffer): Buffer {
    return packets;
  }

  flush(): void {}

  get isSettled(): boolean {
    return this.kept.length === 0;
  }
}
