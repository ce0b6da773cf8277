import type { Duplex } from 'node:stream';
import { onPeerEnd } from './socketEnd.js';

/** The stream that a flow reads from. */
export class SocketSource {
  /** @param ended is called when the peer has ended its side of the connection */
  constructor(private socket: Duplex, private readonly ended: () => void) {
    onPeerEnd(socket, ended);
  }

  /**
   * Reads another stream from now on: the TLS stream on this one.
   * @param connection the connection under it
   */
  use(socket: Duplex, connection: Duplex): void {
    if (socket === this.socket) return;
    onPeerEnd(socket, this.ended, connection);
    this.socket = socket;
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  /** Sends bytes to the peer that is read. */
  answer(bytes: Buffer): void {
    this.socket.write(bytes);
  }
}
