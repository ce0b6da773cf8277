import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/**
 * Keeps the failure of a write back until all that the peer said is read. A peer that closes while it is still being
 * written to may have said why: a server says ER_NET_PACKET_TOO_LARGE, and closes with the rest of the command unread.
 * The kernel has its words in the receive queue, behind which comes the reset; but Node destroys a socket of which a
 * write fails, and with it what was not read. Such a peer has closed, so reading comes to its end. Meanwhile the stream
 * takes nothing.
 * @param reader what is read of the peer by now: the socket, or what it is encrypted with, since that reads the socket
 */
export function readBeforeFailing(socket: Socket, reader: () => Duplex): void {
  const late = (done: Done): Done => (error) => {
    const stream = reader();
    if (!error || stream.readableEnded || socket.destroyed) {
      done(error);
      return;
    }
    const fail = (): void => {
      stream.off('end', fail);
      stream.off('close', fail);
      done(error);
    };
    stream.on('end', fail);
    stream.on('close', fail);
  };
  const write = socket._write.bind(socket);
  const writev = socket._writev?.bind(socket);
  socket._write = (chunk, encoding, done) => write(chunk, encoding, late(done));
  if (writev !== undefined) socket._writev = (chunks, done) => writev(chunks, late(done));
}

type Done = (error?: Error | null) => void;
