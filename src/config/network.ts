import { BlockList, isIP, isIPv6 } from 'node:net';
import { withoutZone } from '../protocol/ipAddress.js';

// Matching of client addresses: IPv4, IPv6, and IPv4-mapped IPv6 (::ffff:10.0.0.1), which a socket that listens on ::
// shows. A mapped address counts as its IPv4 address, in patterns and in addresses.

const MAPPED_PREFIX_BITS = 96;
const WIDTH = { ipv4: 32, ipv6: 128 } as const;

interface Address {
  readonly text: string;
  readonly family: 'ipv4' | 'ipv6';
  readonly isMapped: boolean;
}

/**
 * Compiles a pattern for addresses.
 * @param pattern an address (`10.1.2.3`, `::1`) or a network (`10.0.0.0/8`, `fd00::/8`; the bits after the prefix do
 * not count)
 * @returns whether an address, as Node shows it, equals the pattern or lies in its network; false for text that is no
 * IP address
 * @throws Error with the mistake in the pattern
 */
export function compileAddressMatcher(pattern: string): (address: string) => boolean {
  const [base = '', bits, ...rest] = pattern.split('/');
  const address = parseAddress(base);
  if (address === null || rest.length > 0) {
    throw new Error(`expected an IP address or a network such as 10.0.0.0/8 or fd00::/8, got "${pattern}"`);
  }
  const list = new BlockList();
  list.addSubnet(address.text, prefixOf(address, bits, pattern), address.family);
  return (text) => {
    const candidate = parseAddress(text);
    return candidate?.family === address.family && list.check(candidate.text, candidate.family);
  };
}

function prefixOf({ family, isMapped }: Address, bits: string | undefined, pattern: string): number {
  if (bits === undefined) return WIDTH[family];
  const least = isMapped ? MAPPED_PREFIX_BITS : 0;
  const most = isMapped ? WIDTH.ipv6 : WIDTH[family];
  if (!/^\d{1,3}$/.test(bits) || Number(bits) < least || Number(bits) > most) {
    throw new Error(`expected a prefix length from ${least} to ${most} after the /, got "${pattern}"`);
  }
  return Number(bits) - least;
}

function parseAddress(text: string): Address | null {
  const address = withoutZone(text);
  if (isIP(address) === 0) return null;
  if (!isIPv6(address)) return { text: address, family: 'ipv4', isMapped: false };
  // A URL has one form of each address: ::ffff:10.0.0.1 becomes [::ffff:a00:1].
  const mapped = /^\[::ffff:([0-9a-f]+):([0-9a-f]+)\]$/.exec(new URL(`tcp://[${address}]`).hostname);
  if (mapped === null) return { text: address, family: 'ipv6', isMapped: false };
  const [high, low] = [parseInt(mapped[1]!, 16), parseInt(mapped[2]!, 16)];
  return { text: [high >> 8, high & 255, low >> 8, low & 255].join('.'), family: 'ipv4', isMapped: true };
}
