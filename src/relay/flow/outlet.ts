import type { SocketSink } from './socketSink.js';

/** Where a flow's decided bytes go. What it is given is in the order of the stream. */
export interface Outlet {
  /** These bytes go on. */
  forward(bytes: Buffer): void;
  /** These bytes go nowhere. */
  drop(bytes: Buffer): void;
  /** These bytes wait, and those that follow wait behind them. */
  keep(bytes: Buffer): void;
  /** What was kept goes on. */
  release(): void;
  /** What was kept goes nowhere. */
  dropKept(): void;
  /** Puts packets in that the source did not send. */
  inject(packets: Buffer): void;
  /** Packets as they have to be to follow on what has gone to the sink so far. */
  wrap(packets: Buffer): Buffer;
  /** A packet that begins a command, as it has to be to go to the sink. */
  wrapCommand(packet: Buffer): Buffer;
  /** Packets as they have to be to answer the source. */
  wrapAnswer(packets: Buffer): Buffer;
  /** Packets as they have to be to answer a command of the sink's that does not go to the source. */
  wrapRefusal(packets: Buffer): Buffer;
  /** Lets out what is decided and waits for something else. */
  flush(): void;
  /** Nothing of what was decided or kept is still here. */
  readonly isSettled: boolean;
}

/** The outlet of packets that are not in frames: they go out as they are, at once. */
export class PlainOutlet implements Outlet {
  private kept: Buffer[] = [];

  constructor(private readonly sink: SocketSink) {}

  forward(bytes: Buffer): void {
    this.sink.write(bytes);
  }

  drop(): void {}

  keep(bytes: Buffer): void {
    this.kept.push(Buffer.from(bytes)); // what passes is overwritten by the next read
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
