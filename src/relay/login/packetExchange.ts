import type { Socket } from 'node:net';
import type { Diverted } from '../flow/framedInlet.js';
import { PacketConnection, type WholePacket } from './packetConnection.js';
import type { Peer } from '../../protocol/peer.js';

/** A session's two connections during an exchange of whole packets. */
export class PacketExchange {
  readonly client: PacketConnection;
  readonly server: PacketConnection;
  /** Whether it is closed and takes no more bytes. */
  isClosed = false;
  private wake: () => void = () => {};

  /**
   * @param upstream connecting or connected
   * @param overrun is called if one end sends more bytes than an authentication needs
   */
  constructor(client: Socket, upstream: Socket, private readonly overrun: (peer: Peer) => void) {
    this.client = new PacketConnection(client);
    this.server = new PacketConnection(upstream);
  }

  /** Takes bytes, which belong to this object from then on. */
  accept(peer: Peer, chunk: Buffer): void {
    if (this.isClosed) return;
    if (!this[peer].accept(chunk)) this.overrun(peer);
    this.wake();
  }

  /**
   * Takes over from a flow, with a command that has begun. If the flow's bytes were in frames, all further bytes are
   * too.
   * @param diverted the bytes that have come
   */
  takeOver({ packets, frames }: Diverted): void {
    if (frames !== null) {
      const { compression, numbers } = frames;
      this.client.beginFrames('client', compression, numbers);
      this.server.beginFrames('server', compression, numbers);
    }
    for (const peer of [this.client, this.server]) peer.beginCommand();
    if (!this.client.acceptPackets(packets)) this.overrun('client');
    if (frames !== null) this.accept('client', frames.waiting);
  }

  /** The next packet of one end. After the exchange is closed it never resolves, and all waiting calls are dropped. */
  async next(peer: Peer): Promise<WholePacket> {
    for (;;) {
      const packet = this.take(peer);
      if (packet !== null) return packet;
      await this.arrival();
    }
  }

  /**
   * The next packet of either end in an authentication; the server's if both have sent one. A command that the client
   * has sent ahead is not part of it, and waits until the authentication is over.
   */
  async nextOfEither(): Promise<{ readonly peer: Peer; readonly packet: WholePacket }> {
    for (;;) {
      const fromServer = this.take('server');
      if (fromServer !== null) return { peer: 'server', packet: fromServer };
      const fromClient = this.client.isAtCommand ? null : this.take('client');
      if (fromClient !== null) return { peer: 'client', packet: fromClient };
      await this.arrival();
    }
  }

  /** Drops all bytes, and takes no more. */
  close(): void {
    this.isClosed = true;
    this.client.rest().fill(0); // a password may be in it
    this.server.rest();
  }

  private take(peer: Peer): WholePacket | null {
    if (this.isClosed) return null;
    const packet = this[peer].take();
    if (!this[peer].isOverrun) return packet;
    packet?.bytes.fill(0); // a password may be in it
    this.overrun(peer);
    return null;
  }

  private arrival(): Promise<void> {
    return new Promise((resolve) => (this.wake = resolve));
  }
}
