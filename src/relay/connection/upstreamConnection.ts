import type { Socket } from 'node:net';
import { formatPlace, isSocketFile } from '../../config/address.js';
import type { Upstream } from '../../config/config.js';
import { type ClientEnds, encodeProxyHeader } from '../../protocol/proxyHeader.js';
import { SET_BY_NODE } from './socketOptions.js';
import { bring, ReadBuffer, readInto } from '../flow/readBuffer.js';
import type { Encrypt } from '../../control/packetChannel.js';
import type { Remote } from '../../control/controlConnection.js';
import { world } from '../../world/world.js';

/** A connection to a server. Each connection resolves the host name again. */
export class UpstreamConnection {
  readonly buffer = new ReadBuffer();
  readonly socket: Socket;
  /** Gets the number of bytes that a read has put into the buffer. */
  onRead: (byteCount: number) => void = () => {};
  /** The ends of the client's connection that the server was told in a PROXY header; null if it was told none. */
  private readonly announced: ClientEnds | null;
  private readonly headerBytes: number;

  /**
   * Begins to connect.
   * @param client both ends of the client's connection, for the PROXY header; null if it has no IP address
   */
  constructor(readonly upstream: Upstream, client: ClientEnds | null, keepAliveMs: number) {
    const { at, proxyProtocol } = upstream;
    const header = proxyProtocol === 'off' ? null : encodeProxyHeader(proxyProtocol, client);
    this.socket = world.connect({
      ...at,
      ...SET_BY_NODE,
      allowHalfOpen: true,
      noDelay: true,
      keepAlive: keepAliveMs > 0,
      keepAliveInitialDelay: keepAliveMs,
      onread: readInto(this.buffer, (byteCount) => this.onRead(byteCount)),
    });
    this.announced = proxyProtocol === 'off' ? null : client;
    this.headerBytes = header?.length ?? 0;
    if (header !== null) this.socket.write(header); // goes out once connected
  }

  /**
   * The server has got nothing but the PROXY header, and has not closed. (It may have accepted the connection before
   * Node says so.)
   */
  get awaitsLogin(): boolean {
    const { socket } = this;
    const isOpen = !socket.destroyed && !socket.readableEnded && !socket.writableEnded;
    return isOpen && socket.bytesWritten === this.headerBytes;
  }

  /** Gives bytes that were read to `onRead` again. To be called during a read only. */
  replay(bytes: Buffer): void {
    bring(bytes, this.buffer, (byteCount) => this.onRead(byteCount));
  }

  /**
   * The address of this very server, to connect to it again; null while it is not connected.
   * @param encrypt encrypts such a connection; null for none
   */
  remote(encrypt: Encrypt | null): Remote | null {
    const { at, proxyProtocol } = this.upstream;
    if (isSocketFile(at)) return { at, proxyProtocol, encrypt };
    const { remoteAddress: host, remotePort: port } = this.socket;
    return host === undefined || port === undefined ? null : { at: { host, port }, proxyProtocol, encrypt };
  }

  get shownEnd(): ShownEnd {
    if (this.announced !== null) {
      return { localAddress: this.announced.source.host, localPort: this.announced.source.port };
    }
    const { localAddress = null, localPort = null } = this.socket;
    return { localAddress, localPort };
  }
}

/** Our own end of a connection, as the server's process list shows it; null over a Unix socket. */
export interface ShownEnd {
  readonly localAddress: string | null;
  readonly localPort: number | null;
}

/** The name of a server in messages. */
export function nameOf({ at }: Upstream): string {
  return `the upstream server ${formatPlace(at)}`;
}
