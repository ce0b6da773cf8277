import type { Remote } from '../../src/control/controlConnection.js';

/** A server on this host that is told nothing of clients, in the clear. */
export const remoteAt = (port: number): Remote =>
  ({ at: { host: '127.0.0.1', port }, proxyProtocol: 'off', encrypt: null });
