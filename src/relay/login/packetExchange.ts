import type { Socket } from 'node:net';
import type { Diverted } from '../flow/framedFlow.js';
import { PacketLeg, type WholePacket } from './packetConnection.js';

/** One of the two ends of a session, or of its connection. */
export type Side = 'client' | 'server';

/** A session's two connections while whole packets are exchanged over them, each by each. */
export class PacketExchange {
  readonly client: PacketLeg;
  readonly server: PacketLeg;
  /** Takes no more. */
  isClosed = false;
  private wake: () => void = () => {};

  /**
   * @param upstream connecting or connected
   * @param overrun is called where one end sends more than an authentication takes
   */
  constructor(client: Socket, upstream: Socket, private readonly overrun: (side: Side) => void) {
    this.client = new PacketLeg(client);
    this.server = new PacketLeg(upstream);
  }

  /** Takes bytes that are its own from now on. */
  accept(side: Side, chunk: Buffer): void {
    if (this.isClosed) return;
    if (!this[side].accept(chunk)) this.overrun(side);
    this.wake();
  }

  /**
   * Takes over from a flow, with a command that has begun. What comes and goes from here on is in frames where the
   * flow's was.
   * @param diverted what has come of it
   */
  takeOver({ packets, frames }: Diverted): void {
    if (frames !== null) {
      const { compression, numbers } = frames;
      this.client.beginFrames('client', compression, numbers);
      this.server.beginFrames('server', compression, numbers);
    }
    for (const leg of [this.client, this.server]) leg.beginCommand();
    if (!this.client.acceptPackets(packets)) this.overrun('client');
    if (frames !== null) this.accept('client', frames.waiting);
  }

  /** The next packet of one end. Once the exchange is closed none comes, and whoever waits is forgotten. */
  async next(side: Side): Promise<WholePacket> {
    for (;;) {
      const packet = this.take(side);
      if (packet !== null) return packet;
      await this.arrival();
    }
  }

  /** The next packet of either end; the server's where both have sent one. */
  async nextOfEither(): Promise<{ readonly side: Side; readonly packet: WholePacket }> {
    for (;;) {
      for (const side of ['server', 'client'] as const) {
        const packet = this.take(side);
        if (packet !== null) return { side, packet };
      }
      await this.arrival();
    }
  }

  /** Forgets what has come, and takes no more. */
  close(): void {
    this.isClosed = true;
    this.client.rest().fill(0); // a password may be in it
    this.server.rest();
  }

  private take(side: Side): WholePacket | null {
    if (this.isClosed) return null;
    const packet = this[side].take();
    if (!this[side].isOverrun) return packet;
    packet?.bytes.fill(0); // a password may be in it
    this.overrun(side);
    return null;
  }

  private arrival(): Promise<void> {
    return new Promise((resolve) => (this.wake = resolve));
  }
}
