import { query } from './commandPayloads.js';
import type { Turn } from './conversationHarness.js';
import { settled } from './memorySocket.js';
import type { MemorySession } from './memorySession.js';
import { answer, ask, packetsFrom, resultSet, textRow } from './wirePackets.js';

// Results of a session in memory: how they are asked for, sent, and heard.

/** The packets before the first row: column count, definition, EOF. */
export const HEAD_PACKETS = 3;

export const rows = (count: number): Buffer[] => Array.from({ length: count }, (_, index) => textRow(`row ${index}`));

/** The payloads of a result with this many rows. */
export const result = (count: number, statusFlags?: number): Buffer[] =>
  resultSet('eof', rows(count), statusFlags === undefined ? {} : { statusFlags });

/** The client asks; then the server answers with these payloads, as far as they are given. */
export const respond = async (
  { play, server }: MemorySession, sql: string, payloads: readonly Buffer[],
): Promise<void> => {
  await play(ask(query(sql)));
  server.say(packetsFrom(1, ...payloads));
  await settled();
};

/** A client's bytes, divided into the packets that passed and the rest. */
export interface Heard {
  /** The number of the server's packets that came first, unchanged. */
  readonly passed: number;
  /** The bytes after them. */
  readonly behind: Buffer;
}

/** Divides the client's bytes of an answer into the server's packets and the rest. */
export const heardOf = ({ client: { heard } }: MemorySession, payloads: readonly Buffer[]): Heard => {
  let at = 0;
  let passed = 0;
  for (const [index, payload] of payloads.entries()) {
    const packet = packetsFrom(index + 1, payload);
    if (!heard.subarray(at, at + packet.length).equals(packet)) break;
    at += packet.length;
    passed += 1;
  }
  return { passed, behind: heard.subarray(at) };
};

/** The next command and its answer, which pass once nothing is left of the command before. */
export const NEXT: readonly [Turn, Turn] = [ask(query('SELECT 42')), answer(...result(1))];
