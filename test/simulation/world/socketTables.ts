import type { KernelTable } from '../../../src/world/kernel.js';
import type { Address, KernelSocket } from './kernelSocket.js';
import type { Network } from './network.js';

/**
 * The tables `tcp` and `tcp6` of a network namespace, in the form of /proc/net: the sockets of those hosts that share
 * it. All of them have IPv4.
 */
export const openSocketTable = (network: Network, hosts: ReadonlySet<string>, path: string): KernelTable => {
  const all = path.endsWith('/tcp') ? [...network.links].flatMap(({ from, to }) => [from, to]) : [];
  const sockets = all.filter(({ ends, isGone }) => hosts.has(ends.local.host) && !isGone);
  const lines = [HEADING, ...sockets.map(lineOf)].map((line) => `${line.padEnd(LINE_CHARACTERS)}\n`);
  const text = Buffer.from(lines.join(''));
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
  return `${number}: ${end(local)} ${end(remote)} ${state} ${queues} ${timer} 00000000     0        0 1 1`;
};

/** As a little-endian machine shows it: the address as a number of 32 bits. */
const end = ({ host, port }: Address): string => {
  const bytes = Buffer.from(host.split('.').map(Number));
  return `${hex(bytes.readUInt32LE(0), 8)}:${hex(port, 4)}`;
};

const hex = (value: number, digits: number): string => value.toString(16).toUpperCase().padStart(digits, '0');
