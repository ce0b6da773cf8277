import type { Socket } from 'node:net';
import type { Listen } from '../../config/config.js';
import { compileAddressMatcher } from '../../config/network.js';
import { type ProxyHeader, ProxyHeaderError, readProxyHeader } from '../../protocol/proxyHeader.js';
import type { Containment } from '../containment.js';

/** Whether a connection from this host, an IP address or "unix", has to begin with a PROXY header. */
export function owesHeader({ proxyProtocol }: Listen, host: string): boolean {
  return proxyProtocol.some((network) => (network === 'unix' ? host === 'unix' : compileAddressMatcher(network)(host)));
}

/** An observer of a header. One of the three methods is called, once, unless the reader is closed first. */
export interface HeaderObserver extends Containment {
  /** The header has come. No byte after it was taken from the connection. */
  read(header: ProxyHeader): void;
  /** The bytes that came are not a valid PROXY header on its own. */
  wrong(reason: string): void;
  /** The connection was closed. */
  ended(): void;
}

/** Reads the PROXY header that a connection begins with. */
export class HeaderReader {
  private received: Buffer = Buffer.alloc(0);
  private readonly onData = (chunk: Buffer): void => this.observer.contain(() => this.accept(chunk));
  private readonly onEnd = (): void => this.observer.contain(() => this.observer.ended());

  /** @param client nothing was read from it yet */
  constructor(private readonly client: Socket, private readonly observer: HeaderObserver) {
    client.on('data', this.onData).on('end', this.onEnd).resume();
  }

  /** Stops reading: the observer gets no more calls. */
  close(): void {
    this.client.pause().off('data', this.onData).off('end', this.onEnd);
  }

  private accept(chunk: Buffer): void {
    this.received = Buffer.concat([this.received, chunk]); // bounded: a header that is too long is refused
    let header: ProxyHeader | null;
    try {
      header = readProxyHeader(this.received);
    } catch (error) {
      if (!(error instanceof ProxyHeaderError)) throw error;
      this.close();
      this.observer.wrong(error.message);
      return;
    }
    if (header === null) return;
    this.close();
    // In this protocol the server speaks first.
    if (header.byteCount < this.received.length) {
      this.observer.wrong('more than a PROXY header before the server\'s greeting');
    }
    else this.observer.read(header);
  }
}
