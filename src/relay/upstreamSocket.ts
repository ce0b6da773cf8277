import { connect } from 'node:net';
import type { Config } from '../config.js';
import { type BufferedSocket, ReadBuffer, readInto } from './readBuffer.js';

/**
 * Begins to connect to the upstream server.
 * @param onRead is called with the number of bytes that a read has brought into the buffer
 */
export function connectUpstream(config: Config, onRead: (byteCount: number) => void): BufferedSocket {
  const buffer = new ReadBuffer();
  const socket = connect({
    host: config.upstream.host,
    port: config.upstream.port,
    allowHalfOpen: true,
    noDelay: true,
    keepAlive: config.connections.keepAliveMs > 0,
    keepAliveInitialDelay: config.connections.keepAliveMs,
    onread: readInto(buffer, onRead),
  });
  return { socket, buffer };
}
