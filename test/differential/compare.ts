import { createHash } from 'node:crypto';
import type { Part } from '../support/answerReader.js';
import { greetingWithout, responseWithout } from './handshakes.js';
import type { Way } from './line.js';
import type { Recording } from './recordingRelay.js';

/** The answer to one line. */
export interface Heard {
  readonly title: string;
  readonly way: Way;
  readonly isVolatile: boolean;
  /** The answer as a client sees it, as text; only its shape when the contents differ between any two connections. */
  readonly seen: string;
  /** The bytes of the answer with their frames; a digest when they are long. */
  readonly bytes: Buffer;
}

const KEPT_BYTES = 1024 * 1024;

/** The parts of an answer, or of the error in reading it, that are compared. */
export const heardOf = (
  title: string, way: Way, isVolatile: boolean, answer: readonly Part[] | Error, bytes: Buffer,
): Heard => {
  const seen = answer instanceof Error ? answer.message
    : answer.map((part) => (isVolatile ? shapeOf(part) : JSON.stringify(part, digestBytes))).join('\n');
  const kept = bytes.length <= KEPT_BYTES ? bytes : Buffer.from(`${bytes.length} bytes, ${digest([bytes])}`);
  return { title, way, isVolatile, seen, bytes: kept };
};

const SHOWN_BYTES = 24;
const SHOWN_CHARACTERS = 240;

/** The differences between the answers without and with the proxy, a few words each. */
export const compareHeard = (direct: readonly Heard[], proxied: readonly Heard[], sameBytes: boolean): string[] => {
  const differences: string[] = [];
  for (let i = 0; i < Math.max(direct.length, proxied.length); i += 1) {
    const [left, right] = [direct[i], proxied[i]];
    const name = `"${(left ?? right)!.title}" (${(left ?? right)!.way})`;
    if (left === undefined || right === undefined) {
      differences.push(`${name}: only said ${left === undefined ? 'through the proxy' : 'directly'}`);
      continue;
    }
    if (left.seen !== right.seen) {
      const [directly, proxied] = [excerpt(left.seen, right.seen), excerpt(right.seen, left.seen)];
      differences.push(`${name}: directly ${directly}, through the proxy ${proxied}`);
    } else if (sameBytes && !left.isVolatile && !left.bytes.equals(right.bytes)) {
      differences.push(`${name}: other bytes through the proxy, ${place(left.bytes, right.bytes)}`);
    }
  }
  return differences;
};

/** The differences between both sides of the proxy, except the capabilities that it has to clear. */
export const compareRecordings = (client: Recording, server: Recording, cleared: bigint): string[] => {
  const differences: string[] = [];
  const toClient = greetingWithout(server.toClient, cleared);
  if (!client.toClient.equals(toClient)) {
    differences.push(`the server's bytes changed on their way: ${place(toClient, client.toClient)}`);
  }
  const toServer = responseWithout(client.toServer, cleared);
  if (!server.toServer.equals(toServer)) {
    differences.push(`the client's bytes changed on their way: ${place(toServer, server.toServer)}`);
  }
  return differences;
};

/** A buffer as JSON.stringify writes it. */
interface JsonBuffer {
  readonly type: 'Buffer';
  readonly data: readonly number[];
}

const isJsonBuffer = (value: unknown): value is JsonBuffer =>
  typeof value === 'object' && value !== null && 'type' in value && value.type === 'Buffer';

const digestBytes = (key: string, value: unknown): unknown => {
  if (key === 'rows' && Array.isArray(value)) return `${value.length} rows, ${digest(value as Buffer[])}`;
  return isJsonBuffer(value) ? Buffer.from(value.data).toString('latin1') : value;
};

const digest = (buffers: readonly Buffer[]): string => {
  const hash = createHash('sha256');
  for (const buffer of buffers) hash.update(String(buffer.length)).update('\0').update(buffer);
  return hash.digest('hex').slice(0, 16);
};

const shapeOf = (part: Part): string => {
  if (part.is === 'error') return `error ${part.code}`;
  if (part.is !== 'result') return part.is === 'progress' ? '' : part.is;
  const definitions = part.definitions.map((definition) => definition.toString('latin1')).join();
  return `result of ${part.columns} columns, ${definitions}, end ${part.end.is}`;
};

/** The first place at which two texts differ. */
const excerpt = (text: string, other: string): string => {
  let at = 0;
  while (at < text.length && text[at] === other[at]) at += 1;
  const from = Math.max(0, at - 60);
  return JSON.stringify(text.slice(from, from + SHOWN_CHARACTERS));
};

const place = (expected: Buffer, found: Buffer): string => {
  const end = Math.min(expected.length, found.length);
  let at = 0;
  while (at < end && expected[at] === found[at]) at += 1;
  const shown = (bytes: Buffer): string => `${bytes.toString('hex', at, at + SHOWN_BYTES)} of ${bytes.length} bytes`;
  return `at ${at}: ${shown(expected)} expected, ${shown(found)} found`;
};
