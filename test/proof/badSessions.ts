import type { Turn } from '../support/conversationHarness.js';
import { prepare, query } from '../support/commandPayloads.js';
import { converseOver, type Pair } from '../support/pairs.js';
import {
  answer, ask, definition, login, packetsFrom, preparedAnswer, resultSet, textRow,
} from '../support/wirePackets.js';

// Sessions that begin in some good or bad way, with a limit of 3 rows. One end breaks each of them off.

const LOGIN = login('eof');
const ASKED: readonly Turn[] = [...LOGIN, ask(query('SELECT 1'))];
const RESULT = answer(...resultSet('eof', [textRow('1'), textRow('2')])).bytes;
const OVER_LIMIT = answer(...resultSet('eof', Array.from({ length: 10 }, () => textRow('x'.repeat(1000))))).bytes;
const LARGE = answer(...resultSet('eof', [textRow('x'.repeat(2 * 1024 * 1024))])).bytes;
const GARBAGE = Buffer.from('GET / HTTP/1.1\r\nHost: example.com\r\nAccept: */*\r\n\r\n'.repeat(30));
/** The first bytes of a packet of 16 MiB that announces another one after it. */
const TRICKLE = Buffer.concat([Buffer.from([0xff, 0xff, 0xff, 0]), query('SELECT')]);
const ENDLESS_COLUMNS = answer(
  Buffer.from([0xfc, 0xff, 0xff]), ...Array.from({ length: 500 }, (_, i) => definition(`c${i}`)),
).bytes;
const AHEAD = Buffer.concat(Array.from({ length: 1000 }, () => ask(query('SELECT 1')).bytes));

const prepares = (count: number): Turn[] => Array.from({ length: count }, (_, i) =>
  [ask(prepare(`SELECT ${i}`)), answer(...preparedAnswer('eof', i + 1, 0, 1))]).flat();

const half = (bytes: Buffer): Turn => ({ from: 'server', bytes: bytes.subarray(0, -10) });
const fromClient = (bytes: Buffer): Turn => ({ from: 'client', bytes });
const fromServer = (bytes: Buffer): Turn => ({ from: 'server', bytes });

interface BadSession {
  /** The turns that are sent and heard. */
  readonly turns: readonly Turn[];
  /** The last bytes before an end leaves. The other end may not receive them. */
  readonly last?: (pair: Pair) => void;
  readonly leaves: 'client resets' | 'client closes' | 'server resets' | 'server closes';
}

export const BAD_SESSIONS: Record<string, BadSession> = {
  'a client that goes before it is greeted': { turns: [], leaves: 'client resets' },
  'a client that never answers the greeting': { turns: LOGIN.slice(0, 1), leaves: 'client closes' },
  'a client of something else': { turns: [...LOGIN.slice(0, 1), fromClient(GARBAGE)], leaves: 'client resets' },
  'a client that goes amid a header': {
    turns: LOGIN, last: ({ client }) => client.say(Buffer.from([1, 0, 0])), leaves: 'client resets',
  },
  'a client that announces 16 MiB and trickles': { turns: [...LOGIN, fromClient(TRICKLE)], leaves: 'client resets' },
  'a client that does not read': {
    turns: ASKED,
    last: ({ client, server }) => {
      client.socket.pause();
      server.say(LARGE);
    },
    leaves: 'client resets',
  },
  'a client that goes while the rest of its result is discarded': {
    turns: ASKED, last: ({ server }) => server.say(OVER_LIMIT.subarray(0, -100)), leaves: 'client closes',
  },
  'a client that asks a thousand times and reads nothing': {
    turns: LOGIN, last: ({ client }) => client.say(AHEAD), leaves: 'client resets',
  },
  'a client that prepares and never closes': { turns: [...LOGIN, ...prepares(5)], leaves: 'client resets' },
  'a server that does not greet': { turns: [], last: ({ server }) => server.say(GARBAGE), leaves: 'server resets' },
  'a server that goes amid a row': { turns: [...ASKED, half(RESULT)], leaves: 'server resets' },
  'a server that closes amid a row': { turns: [...ASKED, half(RESULT)], leaves: 'server closes' },
  'a server that answers with something else': { turns: [...ASKED, fromServer(GARBAGE)], leaves: 'server resets' },
  'a server with columns without end': { turns: [...ASKED, fromServer(ENDLESS_COLUMNS)], leaves: 'client resets' },
  'a server that says more than it was asked': {
    turns: [...ASKED, fromServer(RESULT), fromServer(packetsFrom(1, Buffer.alloc(20, 0x41)))], leaves: 'server closes',
  },
};

/** Plays such a session to its end, and closes both ends. */
export const playBad = async (pair: Pair, { turns, last, leaves }: BadSession): Promise<void> => {
  await converseOver(pair, turns);
  last?.(pair);
  const [who, how] = leaves.split(' ') as ['client' | 'server', 'resets' | 'closes'];
  const [leaving, left] = who === 'client' ? [pair.client, pair.server] : [pair.server, pair.client];
  left.socket.resume();
  // A real server closes after it has denied the login with which Sluice ends a connection without one.
  if (who === 'client' && turns.length <= 1) left.socket.once('data', () => left.socket.end());
  if (how === 'resets') leaving.socket.resetAndDestroy();
  else leaving.socket.end();
  await left.ended();
  left.socket.destroy();
  leaving.socket.destroy();
};
