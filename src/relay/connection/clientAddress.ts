import type { Socket } from 'node:net';
import { formatAddress } from '../../config/address.js';
import { plainIp } from '../../protocol/ipAddress.js';
import type { ClientEnds } from '../../protocol/proxyHeader.js';

/** Who a client is, as far as addresses tell. */
export interface ClientAddress {
  /** Its IP address, or "unix". */
  readonly host: string;
  /** As records and the log show it: with its port, where it has one. */
  readonly text: string;
  /** Both ends of its connection; null where it has no IP address. */
  readonly ends: ClientEnds | null;
}

/** A client over a Unix socket: whoever may open the socket's file. */
const LOCAL: ClientAddress = { host: 'unix', text: 'unix', ends: null };

/** Who is at the other end of an accepted connection. */
export function clientAddressAt({ remoteAddress, remotePort, localAddress, localPort }: Socket): ClientAddress {
  if (remoteAddress === undefined || localAddress === undefined) return LOCAL;
  return clientAddressOf({
    source: { host: plainIp(remoteAddress), port: remotePort ?? 0 },
    destination: { host: plainIp(localAddress), port: localPort ?? 0 },
  });
}

/** The client whose connection has these ends. */
export function clientAddressOf(ends: ClientEnds): ClientAddress {
  return { host: ends.source.host, text: formatAddress(ends.source), ends };
}
