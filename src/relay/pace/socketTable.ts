import { isIP } from 'node:net';
import { endianness } from 'node:os';
import { ipBytes, IPV4_MAPPED_PREFIX } from '../../protocol/ipAddress.js';
import { nextTurn } from '../../world/sleep.js';
import type { KernelTable } from '../../world/kernel.js';
import { world } from '../../world/world.js';

// Reads the kernel's tables of TCP sockets, /proc/net/tcp and tcp6, with a line for each socket of this network
// namespace:
//
//     sl: local address:port remote address:port st tx_queue:rx_queue tr:tm->when ...
//     17: 0100007F:0CEB 0100007F:C350 01 00000000:0001C000 00:00000000 ...
//
// Addresses are 32-bit words, each in hexadecimal as this host would read it from memory. An IPv4 connection stands in
// `tcp6` if its socket was made for IPv6 (a listener on `::`, every Java client), as ::ffff:127.0.0.1.

/** The beginning of the line of one end of a connection, in each table in which it may stand. */
export interface RowKeys {
  /** Null for an IPv6 connection. */
  readonly tcp: string | null;
  readonly tcp6: string;
}

/** The queues of one socket. */
export interface SocketRow {
  /** tx_queue: bytes that the process has written and the other side has not acknowledged. */
  readonly sendBytes: number;
  /** rx_queue: bytes that have been received and the process has not read. */
  readonly receiveBytes: number;
  /**
   * tr is 4: the other side's receive buffer is full (its window is zero), and the kernel probes until it opens again.
   */
  readonly isProbing: boolean;
  /** st is 08 (CLOSE_WAIT): the other side has ended its direction (FIN), and this side has not. */
  readonly hasPeerEnded: boolean;
}

/** The kernel returns at most one page for a read. */
const PAGE_BYTES = 4096;
/** The pages that are read in one turn of the event loop: about 500 sockets, in 1 to 2 ms. */
const PAGES_IN_A_TURN = 24;
/** Stands between the number of a line and the key. The number has four digits or more. */
const BEFORE_KEY = ': ';
const AFTER_KEY = /^ ([\dA-F]{2}) ([\dA-F]{8}):([\dA-F]{8}) ([\dA-F]{2}):/;
const AFTER_KEY_CHARACTERS = ' 01 00000000:00000000 00:'.length;
const PROBE_TIMER = '04';
const CLOSE_WAIT = '08';
/** States of an earlier connection, or one not complete yet, with the same addresses and ports. */
const STATES_WITHOUT_QUEUES: ReadonlySet<string> = new Set(['03', '06']); // SYN_RECV, TIME_WAIT
const IS_LITTLE_ENDIAN = endianness() === 'LE';

/**
 * The keys of both ends of a connection: of the socket whose own address is `local`, and of its peer's. Addresses are
 * as Node shows them. Returns null if one of them is no address.
 */
export function rowKeys(
  localAddress: string, localPort: number, remoteAddress: string, remotePort: number,
): { own: RowKeys; peer: RowKeys } | null {
  const local = endKeys(localAddress, localPort);
  const remote = endKeys(remoteAddress, remotePort);
  if (local === null || remote === null) return null;
  return { own: joinKeys(local, remote), peer: joinKeys(remote, local) };
}

function joinKeys(own: RowKeys, other: RowKeys): RowKeys {
  const isIpv4 = own.tcp !== null && other.tcp !== null;
  return { tcp: isIpv4 ? `${own.tcp} ${other.tcp}` : null, tcp6: `${own.tcp6} ${other.tcp6}` };
}

/**
 * Looks for sockets in a table, page by page, until all are found or the table ends. It reads in the event loop, a few
 * pages a turn. The thread pool would need a change of threads for each page, on a busy machine about 100 ms for all.
 * @param keys in the form of this table, all of the same length
 * @param leaveTurn lets other work of the event loop run
 * @returns the rows that were found, by key; none if the table cannot be read
 */
export async function findRows(
  path: string, keys: ReadonlySet<string>, leaveTurn: () => Promise<unknown> = nextTurn,
): Promise<Map<string, SocketRow>> {
  const rows = new Map<string, SocketRow>();
  if (keys.size === 0) return rows;
  let table: KernelTable | null = null;
  try {
    table = world.openTable(path);
    let partialLine = '';
    for (let pages = 1; rows.size < keys.size; pages += 1) {
      const byteCount = table.read(page);
      if (byteCount === 0) break;
      partialLine = takeRows(partialLine + page.toString('latin1', 0, byteCount), keys, rows);
      if (pages % PAGES_IN_A_TURN === 0) await leaveTurn();
    }
  } catch {
    // Not Linux, or not allowed: what was found until then is what there is.
  } finally {
    table?.close();
  }
  return rows;
}

const page = Buffer.allocUnsafeSlow(PAGE_BYTES);

/** Takes the wanted rows from the complete lines. Returns the rest after the last line. */
function takeRows(text: string, keys: ReadonlySet<string>, rows: Map<string, SocketRow>): string {
  const [{ length: keyLength } = ''] = keys;
  let lineStart = 0;
  for (let lineEnd = text.indexOf('\n'); lineEnd >= 0; lineEnd = text.indexOf('\n', lineStart)) {
    const keyStart = text.indexOf(BEFORE_KEY, lineStart) + BEFORE_KEY.length;
    const key = text.slice(keyStart, keyStart + keyLength);
    if (keys.has(key)) {
      const row = parseRow(text.slice(keyStart + keyLength, keyStart + keyLength + AFTER_KEY_CHARACTERS));
      if (row !== null) rows.set(key, row);
    }
    lineStart = lineEnd + 1;
  }
  return text.slice(lineStart);
}

function parseRow(afterKey: string): SocketRow | null {
  const [, state = '', send = '', receive = '', timer = ''] = AFTER_KEY.exec(afterKey) ?? [];
  if (state === '' || STATES_WITHOUT_QUEUES.has(state)) return null;
  return {
    sendBytes: parseInt(send, 16), receiveBytes: parseInt(receive, 16),
    isProbing: timer === PROBE_TIMER, hasPeerEnded: state === CLOSE_WAIT,
  };
}

/** An address and port as each table writes them; null if it is no address. */
function endKeys(address: string, port: number): RowKeys | null {
  if (isIP(address) === 0) return null;
  const bytes = ipBytes(address);
  const isMapped = bytes.indexOf(IPV4_MAPPED_PREFIX) === 0;
  const ipv4 = bytes.length === 4 ? bytes : isMapped ? bytes.subarray(IPV4_MAPPED_PREFIX.length) : null;
  if (ipv4 === null) return { tcp: null, tcp6: `${words(bytes)}:${hex(port, 4)}` };
  const tcp = `${words(ipv4)}:${hex(port, 4)}`;
  return { tcp, tcp6: words(IPV4_MAPPED_PREFIX) + tcp };
}

/** 32-bit words as this host reads them from memory. */
function words(bytes: Buffer): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 4) {
    text += hex(IS_LITTLE_ENDIAN ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at), 8);
  }
  return text;
}

function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, '0');
}
