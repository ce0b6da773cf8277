import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/**
 * Delays the failure of a write until everything that the peer sent is read.
 *
 * A peer that closes during a write may have sent the reason first. For example, a server sends ER_NET_PACKET_TOO_LARGE
 * and closes with the rest of the command unread. The kernel has that packet in its receive queue, and the reset after
 * it. But Node destroys a socket whose write fails, and loses the unread bytes. Such a peer has closed, so reading
 * reaches its end. Until then the stream takes no bytes.
 * @param reader returns the stream that is read now: the socket, or the TLS stream on it, which reads the socket
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
