import { isIP, isIPv6 } from 'node:net';
import type { Address, Place, SocketFile } from './config.js';

// A label of RFC 1123, or one with an underscore, as container networks use it.
const HOST_LABEL = /^[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/;

function isHostName(text: string): boolean {
  const labels = text.replace(/\.$/, '').split('.');
  // The C library reads "3307" or "10.1" as an IPv4 address. Whoever writes that has forgotten the host.
  const lastIsNumber = /^\d+$/.test(labels.at(-1) ?? '');
  return text.length <= 253 && !lastIsNumber && labels.every((label) => HOST_LABEL.test(label));
}

/** @returns whether this is an IPv4 or IPv6 address (without brackets) or a well-formed host name */
export function isHost(text: string): boolean {
  return isIP(text) !== 0 || isHostName(text);
}

/**
 * Reads an address.
 * @param text "host", "host:port", "[ipv6]" or "[ipv6]:port"
 * @param defaultPort the port if the text has none
 * @param lowestPort 0 if "any free port" makes sense, otherwise 1
 * @returns the address; undefined if the text is no address
 */
export function parseAddress(text: string, defaultPort: number, lowestPort: number): Address | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]*)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined) return undefined;
  if (bracketed === undefined ? !isHost(host) : !isIPv6(host)) return undefined;
  const port = digits === undefined ? defaultPort : Number(digits);
  return port >= lowestPort && port <= 65535 ? Object.freeze({ host, port }) : undefined;
}

/** @returns the host of "host:port", without brackets; a text without a port as it is */
export function hostOf(address: string): string {
  const [, ipv6, other] = /^(?:\[(.*)\]|([^:]*)):\d+$/.exec(address) ?? [];
  return ipv6 ?? other ?? address;
}

/** @returns "host:port", with brackets around an IPv6 host, which alone has colons */
export function formatAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The addresses of all interfaces, and the address on which each can be reached from this machine. */
const EVERYWHERE: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/** The address at which a program on this machine reaches one that listens on this address. */
export function reachedAt({ host, port }: Address): Address {
  return { host: EVERYWHERE[host] ?? host, port };
}

// sockaddr_un has room for 108 bytes, the last of which is a NUL (unix(7)).
const MAX_PATH_BYTES = 107;

/** @returns whether this can be the path of a Unix socket: absolute, and not too long for the kernel */
export function isSocketPath(text: string): boolean {
  return text.startsWith('/') && !text.endsWith('/') && !text.includes('\0') &&
    Buffer.byteLength(text) <= MAX_PATH_BYTES;
}

/** Reads an address, as `parseAddress` does, or the path of a Unix socket. */
export function parsePlace(text: string, defaultPort: number, lowestPort: number): Place | undefined {
  return isSocketPath(text) ? Object.freeze({ path: text }) : parseAddress(text, defaultPort, lowestPort);
}

/** Whether a place is a Unix socket, and no TCP address. */
export function isSocketFile(place: Place): place is SocketFile {
  return 'path' in place;
}

/** @returns "host:port", or the path of a Unix socket */
export function formatPlace(place: Place): string {
  return isSocketFile(place) ? place.path : formatAddress(place);
}
