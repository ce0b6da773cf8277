import type { Socket } from 'node:net';

type Done = (error?: Error | null) => void;

/**
 * Keeps the failure of a write back until all that the peer said is read. A peer that closes while it is still being
 * written to may have said why: a server says ER_NET_PACKET_TOO_LARGE, and closes with the rest of the command unread.
 * The kernel has its words in the receive queue, behind which comes the reset; but Node destroys a socket of which a
 * write fails, and with it what was not read. Such a peer has closed, so reading comes to its end. Meanwhile the stream
 * takes nothing.
 */
export function readBeforeFailing(socket: Socket): void {
  const late = (done: Done): Done => (error) => {
    if (!error || socket.readableEnded || socket.destroyed) {
      done(error);
      return;
    }
    const fail = (): void => {
      socket.off('end', fail);
      socket.off('close', fail);
      done(error);
    };
    socket.on('end', fail);
    socket.on('close', fail);
  };
  const write = socket._write.bind(socket);
  const writev = socket._writev?.bind(socket);
  socket._write = (chunk, encoding, done) => write(chunk, encoding, late(done));
  if (writev !== undefined) socket._writev = (chunks, done) => writev(chunks, late(done));
}
