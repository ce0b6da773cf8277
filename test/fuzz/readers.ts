import { HEADER_BYTES } from '../../src/protocol/framing.js';
import {
  allFrom, converse, eventsOf, type Decision, type HarnessOptions, type Outcome, type Turn,
} from '../support/conversationHarness.js';
import { Random } from '../support/random.js';
import { conversationOf, linesOf } from './conversations.js';
import { Growth } from './growth.js';
import type { Mode, Played } from './mode.js';
import { packetOffsets } from './mutations.js';
import { seededSplit, wrongBytes } from './relayed.js';

// Feeds a conversation to its readers alone. For any bytes and any split nothing is thrown, relayed bytes equal the
// sent ones, no limit is passed, and kept bytes stay within their bounds.

const MAX_GREETING_BYTES = 8 * 1024;
const MAX_HANDSHAKE_BYTES = 128 * 1024;
const MAX_PENDING = 256;
const MAX_STATEMENTS = 20_000;

interface Limits {
  readonly maxRows: number;
  readonly maxBytes: number;
  readonly decision: Decision;
}

const limitsOf = (random: Random): Limits | null => (random.chance(0.3) ? null : {
  maxRows: random.chance(0.5) ? random.skewed(20) : Infinity,
  maxBytes: random.chance(0.5) ? random.skewed(5000) : Infinity,
  decision: random.pick<Decision>(['cut', 'cut', 'admit', 'abort']),
});

const optionsOf = (limits: Limits | null): HarnessOptions => {
  if (limits === null) return {};
  const { maxRows, maxBytes, decision } = limits;
  return {
    limit: (usage) => Object.assign(usage, { maxRows, maxBytes }),
    // A row that the client has in part cannot be replaced.
    decide: (_, isInsideRow) => (decision === 'cut' && isInsideRow ? 'abort' : decision),
    textBytes: 64,
  };
};

const has = (outcome: Outcome, event: string): boolean => eventsOf(outcome, event).length > 0;
const isCut = ({ events }: Outcome): boolean =>
  events.some(({ stopReason }) => stopReason === 'rows' || stopReason === 'bytes');

const isWhole = (bytes: Buffer): boolean => {
  const last = packetOffsets(bytes).at(-1);
  return bytes.length === (last === undefined ? 0 : last + HEADER_BYTES + bytes.readUIntLE(last, 3));
};

const wrongRelay = (turns: readonly Turn[], outcome: Outcome): string | null => {
  if (has(outcome, 'closed')) return null;
  const wrongRequests = wrongBytes(allFrom('client', turns), outcome.toServer);
  if (!isCut(outcome)) return wrongRequests ?? wrongBytes(allFrom('server', turns), outcome.toClient);
  if (has(outcome, 'unparsed')) return null;
  // A cut replaces whole packets, so that whole packets remain.
  return isWhole(allFrom('server', turns)) && !isWhole(outcome.toClient) ? 'a cut left part of a packet' : null;
};

const lostBytes = (turns: readonly Turn[], outcome: Outcome): string | null => {
  if (has(outcome, 'closed')) return null;
  const toServer = outcome.toServer.length + outcome.undecidedFromClient;
  const sent = allFrom('client', turns).length;
  const refused = outcome.events.filter(({ stopReason }) => stopReason === 'fileWanted').length * HEADER_BYTES;
  return toServer - refused === sent ? null : `the client sent ${sent} bytes, ${toServer} are relayed or held`;
};

const passedLimit = (limits: Limits | null, outcome: Outcome): string | null => {
  if (limits === null || limits.decision === 'admit') return null;
  const passed = eventsOf(outcome, 'usageEnded').find(({ forwardedRows, forwardedBytes }) =>
    Number(forwardedRows) > limits.maxRows || Number(forwardedBytes) > limits.maxBytes);
  return passed ? `${String(passed.forwardedRows)} rows, ${String(passed.forwardedBytes)} bytes forwarded` : null;
};

/** Checks that following never resumes after it has ended. */
const resumed = ({ events }: Outcome): string | null => {
  const end = events.findIndex(({ event }) => event === 'unparsed');
  const later = end === -1 ? [] : events.slice(end + 1).filter(({ event }) => event !== 'closed');
  return later.length === 0 ? null : `${later[0]!.event} after the end of following`;
};

const unbounded = ({ conversation, undecidedFromServer, undecidedFromClient }: Outcome): string | null => {
  if (conversation.commands.length > MAX_PENDING) return `${conversation.commands.length} commands are kept`;
  if (conversation.statements.size > MAX_STATEMENTS) return `${conversation.statements.size} statements are kept`;
  const isRefused = conversation.server.stopReason === 'refused'; // the relay ends the session there
  if (!isRefused && undecidedFromServer > MAX_GREETING_BYTES + HEADER_BYTES) {
    return `${undecidedFromServer} undecided bytes of the server are kept`;
  }
  const isWaiting = conversation.client.isStopped; // the relay stops reading there
  if (!isWaiting && undecidedFromClient > MAX_HANDSHAKE_BYTES + HEADER_BYTES) {
    return `${undecidedFromClient} undecided bytes of the client are kept`;
  }
  return null;
};

/** The size of reads may change the outcome only when commands wait for answers: they go on between two reads. */
const differs = (whole: Outcome, split: Outcome): string | null => {
  if (whole.hasWaited || split.hasWaited) return null;
  const [before, after] = [whole, split].map(({ events }) => JSON.stringify(events));
  if (before !== after) return 'other things happen where reads are split';
  // Bytes on their way when both connections were closed may be lost.
  if (has(whole, 'closed')) return null;
  if (!whole.toClient.equals(split.toClient)) return 'the client gets other bytes where reads are split';
  return whole.toServer.equals(split.toServer) ? null : 'the server gets other bytes where reads are split';
};

export class ReadersMode implements Mode {
  readonly concurrency = 1;
  private readonly growth = new Growth();

  inputOf(seed: number): readonly string[] {
    return linesOf(conversationOf(new Random(seed)));
  }

  async play(seed: number): Promise<Played> {
    const random = new Random(seed);
    const turns = conversationOf(random);
    const limits = limitsOf(random);
    const options = optionsOf(limits);
    const whole = converse(turns, options);
    const split = converse(turns, options, seededSplit(seed));
    const wrong = (outcome: Outcome): string | null => wrongRelay(turns, outcome) ?? lostBytes(turns, outcome)
      ?? passedLimit(limits, outcome) ?? resumed(outcome) ?? unbounded(outcome);
    const problem = wrong(whole) ?? wrong(split) ?? differs(whole, split);
    return { bytes: turns.reduce((sum, { bytes }) => sum + bytes.length, 0), problem };
  }

  inspect(): Promise<string | null> {
    return this.growth.look();
  }

  async close(): Promise<void> {}
}
