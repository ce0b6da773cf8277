import type { KernelTable } from '../../../src/world/kernel.js';
import type { Address, KernelSocket } from './kernelSocket.js';
import type { Network } from './network.js';

/**
 * The tables `tcp` and `tcp6` of a network namespace, in the form of /proc/net: the sockets of those hosts that share
 * it. All of them have IPv4.
 */
export const openSocketTable = (network: Network, hosts: ReadonlySet<string>, path: string): KernelTable => {
  const lines = [HEADING.padEnd(LINE_CHARACTERS)];
  if (path.endsWith('/tcp')) {
    for (const { from, to } of network.links) {
      for (const socket of [from, to]) {
        if (hosts.has(socket.ends.local.host) && !socket.isGone) lines.push(lineOf(socket, lines.length - 1));
      }
    }
  }
  const text = Buffer.from(`${lines.join('\n')}\n`, 'latin1');
  let at = 0;
  return {
    read: (page) => {
      const count = text.copy(page, 0, at);
      at += count;
      return count;
    },
    close: () => undefined,
  };
};

const HEADING = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
const LINE_CHARACTERS = 149;

const lineOf = (socket: KernelSocket, index: number): string => {
  const { ends: { local, remote }, state, unacknowledgedBytes, unreadBytes, isProbing } = socket;
  const queues = `${hex(unacknowledgedBytes, 8)}:${hex(unreadBytes, 8)}`;
  const timer = isProbing ? '04:00000010' : '00:00000000';
  const number = String(index).padStart(4);
  const line = `${number}: ${end(local)} ${end(remote)} ${state} ${queues} ${timer} 00000000     0        0 1 1`;
  return line.padEnd(LINE_CHARACTERS);
};

const end = ({ host, port }: Address): string => `${wordOf(host)}:${hex(port, 4)}`;

const words = new Map<string, string>();

/** An address as a little-endian machine shows it: as a number of 32 bits. */
const wordOf = (host: string): string => {
  const known = words.get(host);
  if (known !== undefined) return known;
  const word = hex(Buffer.from(host.split('.').map(Number)).readUInt32LE(0), 8);
  words.set(host, word);
  return word;
};

const hex = (value: number, digits: number): string => value.toString(16).toUpperCase().padStart(digits, '0');
