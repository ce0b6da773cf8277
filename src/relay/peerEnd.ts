import type { Duplex } from 'node:stream';

/**
 * Calls `ended` once the peer has said all it has to say (FIN).
 *
 * Node also tells of an end where a reset has come behind the last bytes (libuv takes POLLHUP behind a partial read for one).
 * Writing nothing brings out which of the two it was: on a connection that was reset it fails, and the stream's error says so.
 */
export function onPeerEnd(stream: Duplex, ended: () => void): void {
  stream.on('end', () => {
    const isTold = stream.writableLength > 0 || stream.writableEnded; // what is being written fails by itself
    if (isTold) ended();
    else stream.write('', (error) => (error ? undefined : ended()));
  });
}
