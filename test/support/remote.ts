import type { Remote } from '../../src/control/controlConnection.js';

/** A server on this host, without PROXY header and without TLS. */
export const remoteAt = (port: number): Remote =>
  ({ at: { host: '127.0.0.1', port }, proxyProtocol: 'off', encrypt: null });
