import type { Duplex } from 'node:stream';

/**
 * Calls `ended` once the peer has said all it has to say (FIN).
 *
 * Node also tells of an end where a reset has come behind the last bytes (libuv takes POLLHUP behind a partial read for
 * one). Writing nothing brings out which of the two it was: on a connection that was reset it fails, and its error says
 * so.
 * @param connection what the stream is encrypted in: TLS keeps such an error to itself
 */
export function onPeerEnd(stream: Duplex, ended: () => void, connection = stream): void {
  stream.on('end', () => {
    const isTold = stream.writableLength > 0 || stream.writableEnded; // what is being written fails by itself
    if (isTold) ended();
    else connection.write('', (error) => (error ? undefined : ended()));
  });
}
