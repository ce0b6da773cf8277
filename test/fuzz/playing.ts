import type { Socket } from 'node:net';
import { reset } from '../../src/relay/flow/socketEnd.js';
import type { Turn } from '../support/conversationHarness.js';
import { within, type End, type Pair } from '../support/pairs.js';
import type { Random } from '../support/random.js';

// Two ends over real connections: they talk, stall, leave in the middle, say goodbye or not.

/** The longest wait for bytes that may never come. */
const PATIENCE_MS = 8;
/** The longest wait for expected bytes on a busy machine. */
export const LONG_MS = 60_000;

/** Sends bytes in one to a few pieces. */
const sayIn = async (random: Random, { socket }: End, bytes: Buffer): Promise<void> => {
  for (let at = 0; at < bytes.length && socket.writable;) {
    const end = random.chance(0.6) ? bytes.length : at + 1 + random.below(bytes.length - at);
    socket.write(bytes.subarray(at, end));
    at = end;
    if (at < bytes.length) await new Promise(setImmediate);
  }
};

/**
 * Sends the turns one after the other.
 * @param patienceMs how long to wait until each was heard
 * @returns whether all were heard
 */
export const play = async (
  random: Random, { client, server }: Pair, turns: readonly Turn[], patienceMs: number,
): Promise<boolean> => {
  const said = { client: 0, server: 0 };
  for (const { from, bytes } of turns) {
    const [speaker, hearer] = from === 'client' ? [client, server] : [server, client];
    await sayIn(random, speaker, bytes);
    said[from] += bytes.length;
    await hearer.hear(said[from], patienceMs);
  }
  return server.heardBytes === said.client && client.heardBytes === said.server;
};

/** The TCP connections of two ends, which may be encrypted. */
export interface Connections {
  readonly client: Socket;
  readonly server: Socket;
}

type Leaving = (connections: Connections, pair: Pair) => void;

const LEAVINGS: readonly Leaving[] = [
  ({ client }) => client.end(),
  ({ client }) => client.end(),
  ({ client }, pair) => reset(client, pair.client.socket),
  ({ client }) => client.destroy(),
  ({ server }) => server.end(),
  ({ server }, pair) => reset(server, pair.server.socket),
  ({ client, server }, pair) => {
    reset(client, pair.client.socket);
    reset(server, pair.server.socket);
  },
];

const connectionsOf = ({ client, server }: Pair): Connections => ({ client: client.socket, server: server.socket });

/** An end closes its sending side and goes on listening, or stops reading for a while, or does neither. */
const interlude = (random: Random, pair: Pair): void => {
  const { socket } = random.chance(0.5) ? pair.client : pair.server;
  if (random.chance(0.05)) socket.end();
  else if (random.chance(0.1)) socket.pause();
};

/** Has two ends talk and part, by the choices of `random`. */
export const playAndLeave = async (
  random: Random, pair: Pair, turns: readonly Turn[], connections = connectionsOf(pair),
): Promise<void> => {
  const isHasty = random.chance(0.2); // bytes are still on their way when an end leaves
  const middle = random.below(turns.length + 1);
  await play(random, pair, turns.slice(0, middle), isHasty ? 0 : PATIENCE_MS);
  interlude(random, pair);
  await play(random, pair, turns.slice(middle), isHasty ? 0 : PATIENCE_MS);
  random.pick(LEAVINGS)(connections, pair);
  for (const { socket } of [pair.client, pair.server]) socket.resume();
};

/** An end whose peer has gone ends as well. */
const followSuit = ({ socket }: End): void => {
  if (socket.readableEnded) socket.end();
  else socket.on('end', () => socket.end());
};

/** Resets both ends. */
const tearOff = ({ client, server }: Connections): void => {
  client.destroy();
  server.destroy();
};

/** Ends that wait for each other are closed after this time. */
const TEAR_OFF_MS = 300;

/**
 * Waits for the end of a session.
 * @param ended resolves when it has ended
 * @returns whether it ended in time
 */
export const seeOut = async (
  pair: Pair, ended: Promise<unknown>, connections = connectionsOf(pair),
): Promise<boolean> => {
  followSuit(pair.client);
  followSuit(pair.server);
  if (!await within(ended, TEAR_OFF_MS)) tearOff(connections);
  const hasEnded = await within(ended, LONG_MS);
  tearOff(connections);
  return hasEnded;
};
