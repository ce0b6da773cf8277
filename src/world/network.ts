import { connect, createServer, type NetConnectOpts, type Server, type ServerOpts, type Socket } from 'node:net';
import {
  connect as connectTls, createServer as createTlsServer, type ConnectionOptions, type Server as TlsServer,
  type TlsOptions, type TLSSocket,
} from 'node:tls';

/** Connections to other programs, and TLS on them. The functions are those of `node:net` and `node:tls`. */
export interface Network {
  /** Begins to connect. A host name is resolved first. */
  connect(options: NetConnectOpts): Socket;
  /** Makes a server that does not listen yet. */
  createServer(options: ServerOpts, accepted: (client: Socket) => void): Server;
  /** Begins a TLS handshake as a client, on a connection. */
  connectTls(options: ConnectionOptions): TLSSocket;
  /** Makes a server that begins a TLS handshake on each connection that it gets as the event `connection`. */
  createTlsServer(options: TlsOptions): TlsServer;
}

/** The network of the machine. */
export const machineNetwork: Network = {
  connect: (options) => connect(options),
  createServer: (options, accepted) => createServer(options, accepted),
  connectTls: (options) => connectTls(options),
  createTlsServer: (options) => createTlsServer(options),
};
