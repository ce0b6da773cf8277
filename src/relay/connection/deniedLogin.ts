import { randomBytes } from 'node:crypto';
import type { ConnectionSettings } from '../../config/config.js';
import { Capability } from '../../protocol/capabilities.js';
import { encodePacket } from '../../protocol/framing.js';
import { encodeHandshakeResponse } from '../../protocol/handshakeResponse.js';
import { NOBODY } from '../../control/nobody.js';
import type { UpstreamConnection } from './upstreamConnection.js';

/** How long a server is given to deny a login, and to close. */
const DENIAL_TIMEOUT_MS = 2000;
/** Where there may be few clients, they may come and go while a slow server has not denied the first of them. */
const LEAST_AT_ONCE = 128;
/** A denial has far less, and so has the greeting that may come before it. */
const MAX_DENIAL_BYTES = 16 * 1024;
/** Each server since MySQL 5.5 has these. */
const CAPABILITIES =
  Capability.LONG_PASSWORD | Capability.PROTOCOL_41 | Capability.SECURE_CONNECTION | Capability.PLUGIN_AUTH;
const MAX_PACKET_BYTES = 1024 * 1024;
const COLLATION_UTF8MB4_GENERAL_CI = 45;
/** What `mysql_native_password` answers with. */
const ANSWER_BYTES = 20;

let underWay = 0;

/**
 * Closes a connection over which the server has had no login. One that ends there counts towards `max_connect_errors`,
 * after which the server lets nobody in from this address (1129); a login that is denied does not count, as long as the
 * connection stays open until the server closes it (seen: MariaDB 10.11, MySQL 9.7, also where the login is sent before
 * they greet). So the server gets one, and is waited for a moment.
 * @param peer its server awaits a login; nothing else is done with it from here on, and its buffer stays its own
 * @param max of clients. Where denials of as many are waited for, the connection is just closed: with fewer, some of
 *   those that leave all at once would lock the others out
 */
export function closeWithDenial(peer: UpstreamConnection, { max }: Pick<ConnectionSettings, 'max'>): void {
  const { socket } = peer;
  const destroy = (): void => void socket.destroy();
  socket.removeAllListeners().on('error', () => {});
  if (underWay >= Math.max(max, LEAST_AT_ONCE)) return destroy();
  underWay += 1;
  const timer = setTimeout(destroy, DENIAL_TIMEOUT_MS);
  const readBytes = socket.bytesRead;
  peer.onRead = () => {
    if (socket.bytesRead - readBytes > MAX_DENIAL_BYTES) destroy();
  };
  socket.on('end', destroy).once('close', () => {
    clearTimeout(timer);
    underWay -= 1;
  });
  socket.write(loginToDeny());
  socket.resume();
}

/**
 * A login as nobody, and behind it an empty answer to whatever the server asks for in return: MySQL asks for that of
 * another plugin, whoever logs in, and takes an empty one for no password.
 */
function loginToDeny(): Buffer {
  const login = encodeHandshakeResponse({
    capabilities: CAPABILITIES,
    maxPacketBytes: MAX_PACKET_BYTES,
    collation: COLLATION_UTF8MB4_GENERAL_CI,
    user: NOBODY,
    authPlugin: 'mysql_native_password',
    authResponse: randomBytes(ANSWER_BYTES),
    attributes: new Map(),
  });
  return Buffer.concat([encodePacket(1, login), encodePacket(3, Buffer.alloc(0))]);
}
