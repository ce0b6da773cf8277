// The forms of addresses, as the regular expressions of the JSON Schema. `address.ts` and `network.ts` read them.

const OCTET = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const IPV4 = `(?:${OCTET}\\.){3}${OCTET}`;
const GROUP = '[0-9a-fA-F]{1,4}';

/** An IPv6 address (RFC 4291, 2.2), as the regular expression of Node.js 20 has it. */
const PLAIN_IPV6 = `(?:${[
  `(?:${GROUP}:){7}(?:${GROUP}|:)`,
  `(?:${GROUP}:){6}(?:${IPV4}|:${GROUP}|:)`,
  ...[5, 4, 3, 2, 1].map((count) =>
    `(?:${GROUP}:){${count}}(?:(?::${GROUP}){0,${5 - count}}:${IPV4}|(?::${GROUP}){1,${7 - count}}|:)`),
  `:(?:(?::${GROUP}){0,5}:${IPV4}|(?::${GROUP}){1,7}|:)`,
].join('|')})`;
/** The same with its zone (RFC 4007, 11). */
const IPV6 = `${PLAIN_IPV6}(?:%[0-9a-zA-Z.:-]+)?`;

/** An IPv6 address that stands for an IPv4 address: ::ffff:10.0.0.1. */
const MAPPED = `(?:[0:]+[fF]{4}:(?:${IPV4}|${GROUP}:${GROUP})|(?:0{1,4}:){5}[fF]{4}:[^/%]*)(?:%[^/]*)?`;

const LABEL = '[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?';
/** A host name of at most 253 characters whose last label is no number. A port or a path may follow. */
const HOST_NAME =
  `(?=[^:/]{1,253}(?:[:/]|$))(?!(?:[^:/]*\\.)?\\d+\\.?(?:[:/]|$))(?:${LABEL}\\.)*${LABEL}\\.?`;

/** A port from 0 to 65535, in at most five digits. */
const PORT = '(?:[0-5]?\\d{1,4}|6[0-4]\\d{3}|65[0-4]\\d{2}|655[0-2]\\d|6553[0-5])';

const address = (lowestPort: number): string =>
  `(?:\\[${IPV6}\\]|${IPV4}|${HOST_NAME})(?::${lowestPort > 0 ? '(?!0+(?!\\d))' : ''}${PORT})?`;

const SOCKET_PATH = '/[^\\0]{0,105}[^/\\0]';

/** An IP address or a network. The prefix of a mapped address has at least 96 bits. */
const NETWORK = [
  `${IPV4}(?:/(?:0{0,2}\\d|0?[12]\\d|0?3[0-2]))?`,
  `(?!${MAPPED}/(?:0{0,2}\\d|0?[0-8]\\d|0?9[0-5])$)${IPV6}(?:/(?:0{0,2}\\d|0?\\d\\d|1[01]\\d|12[0-8]))?`,
].join('|');

const whole = (pattern: string): RegExp => new RegExp(`^(?:${pattern})$`, 'u');

/** A host name, an IPv4 or an IPv6 address. */
export const HOST_PATTERN = whole(`${IPV6}|${IPV4}|${HOST_NAME}`);

/** The same without a zone: the name that a certificate is for. */
export const SERVER_NAME_PATTERN = whole(`${PLAIN_IPV6}|${IPV4}|${HOST_NAME}`);

/** The absolute path of a Unix socket. */
export const SOCKET_PATH_PATTERN = whole(SOCKET_PATH);

/** "host", "host:port", "[ipv6]" or "[ipv6]:port". @param lowestPort 0 if any free port is allowed, otherwise 1 */
export const addressPattern = (lowestPort: number): RegExp => whole(address(lowestPort));

/** The same, or the path of a Unix socket. */
export const placePattern = (lowestPort: number): RegExp => whole(`${SOCKET_PATH}|${address(lowestPort)}`);

/** An IP address or a network, without the texts that only a zone could hold. */
export const NETWORK_PATTERN = whole(`(?=[\\w:.%/-]{1,100}$)(?:${NETWORK})`);

/** An IP address, a network, or "unix". */
export const PEER_PATTERN = whole(`unix|${NETWORK}`);

/** The URL of an HTTP server, without user, query and fragment. */
export const URL_PATTERN = whole(
  '(?=[\\s\\S]{1,2048}$)[hH][tT][tT][pP][sS]?://' +
    `(?:\\[${PLAIN_IPV6}\\]|${IPV4}|${HOST_NAME})(?::${PORT})?(?:/[^?#\\s]*)?`,
);
