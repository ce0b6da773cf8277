import { connect, type Socket } from 'node:net';
import type { Config } from '../config.js';
import { ReadBuffer } from './readBuffer.js';

/** A connection to the server that is being made, and where its reads land. */
export interface UpstreamSocket {
  readonly socket: Socket;
  /** Where reads land; `onRead` is told how much came. */
  readonly buffer: ReadBuffer;
}

/**
 * Begins to connect to the upstream server. The socket emits no `data`: it reads into a buffer of the session's own
 * (`onread`), which spares an allocation and a copy for each read.
 * @param onRead is called with the bytes that a read has brought into `buffer`
 */
export function connectUpstream(config: Config, onRead: (byteCount: number) => void): UpstreamSocket {
  const buffer = new ReadBuffer();
  const socket = connect({
    host: config.upstream.host,
    port: config.upstream.port,
    allowHalfOpen: true,
    noDelay: true,
    keepAlive: config.connections.keepAliveMs > 0,
    keepAliveInitialDelay: config.connections.keepAliveMs,
    onread: {
      buffer: () => buffer.room,
      callback: (byteCount) => {
        onRead(byteCount);
        return true;
      },
    },
  });
  return { socket, buffer };
}
