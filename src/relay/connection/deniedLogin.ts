import type { ConnectionSettings } from '../../config/config.js';
import { Capability } from '../../protocol/capabilities.js';
import { encodePacket } from '../../protocol/framing.js';
import { encodeHandshakeResponse } from '../../protocol/handshakeResponse.js';
import { NOBODY } from '../../control/nobody.js';
import type { UpstreamConnection } from './upstreamConnection.js';
import { world } from '../../world/world.js';

/** The longest wait for a server to deny a login and to close. */
const DENIAL_TIMEOUT_MS = 2000;
/** The least bound on denials to wait for: even a few clients may come and go faster than a slow server denies them. */
const LEAST_AT_ONCE = 128;
/** A denial is far smaller, and so is the greeting that may come before it. */
const MAX_DENIAL_BYTES = 16 * 1024;
/** Each server since MySQL 5.5 has these. */
const CAPABILITIES =
  Capability.LONG_PASSWORD | Capability.PROTOCOL_41 | Capability.SECURE_CONNECTION | Capability.PLUGIN_AUTH;
const MAX_PACKET_BYTES = 1024 * 1024;
const COLLATION_UTF8MB4_GENERAL_CI = 45;
/** The length of an answer of `mysql_native_password`. */
const ANSWER_BYTES = 20;

let underWay = 0;

/**
 * Closes a connection over which the server has had no login. A connection that closes without a login counts towards
 * `max_connect_errors`. After too many of them the server lets nobody in from this address (1129). A denied login does
 * not count if the connection stays open until the server closes it (seen: MariaDB 10.11, MySQL 9.7, also if the login
 * is sent before the greeting). So the server gets a login to deny, and Sluice waits a moment for the denial.
 * @param peer its server awaits a login. Nobody else may use the connection any more; it keeps its buffer
 * @param max the maximum number of clients. Sluice waits for at most as many denials, and closes further connections
 *   at once. With a smaller bound, clients that leave all at once could lock the others out
 */
export function closeWithDenial(peer: UpstreamConnection, { max }: Pick<ConnectionSettings, 'max'>): void {
  const { socket } = peer;
  const destroy = (): void => void socket.destroy();
  socket.removeAllListeners().on('error', () => {});
  if (underWay >= Math.max(max, LEAST_AT_ONCE)) return destroy();
  underWay += 1;
  const timer = world.after(DENIAL_TIMEOUT_MS, destroy);
  const readBytes = socket.bytesRead;
  peer.onRead = () => {
    if (socket.bytesRead - readBytes > MAX_DENIAL_BYTES) destroy();
  };
  socket.on('end', destroy).once('close', () => {
    world.cancel(timer);
    underWay -= 1;
  });
  socket.write(loginToDeny());
  socket.resume();
}

/**
 * A login as nobody, with an empty answer after it to the request that the server may send in return. MySQL asks every
 * user for the answer of another plugin, and takes an empty answer for an empty password.
 */
function loginToDeny(): Buffer {
  const login = encodeHandshakeResponse({
    capabilities: CAPABILITIES,
    maxPacketBytes: MAX_PACKET_BYTES,
    collation: COLLATION_UTF8MB4_GENERAL_CI,
    user: NOBODY,
    authPlugin: 'mysql_native_password',
    authResponse: world.randomBytes(ANSWER_BYTES),
    attributes: new Map(),
  });
  return Buffer.concat([encodePacket(1, login), encodePacket(3, Buffer.alloc(0))]);
}
