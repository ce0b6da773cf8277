import { isDeepStrictEqual } from 'node:util';
import type { Test } from 'tap';
import { encodeErr, type ServerError, type Tracked } from '../../src/protocol/packets.js';
import type { PacketScanner } from '../../src/protocol/packetScanner.js';
import { Conversation } from '../../src/conversation/conversation.js';
import type { ConversationObserver, ResponseObserver, Unparsed } from '../../src/conversation/conversationObserver.js';
import type { ServerStop } from '../../src/conversation/serverStop.js';
import { type PendingCommand, Usage } from '../../src/conversation/command.js';
import { GrowingBytes, ReadMemory, Reads } from './reads.js';
import { SPLITS, WHOLE, type Split } from './splits.js';

/** The bytes that one end sends before the other's next turn. */
export interface Turn {
  readonly from: 'client' | 'server';
  readonly bytes: Buffer;
}

const joined = (packets: readonly Buffer[]): Buffer => (packets.length === 1 ? packets[0]! : Buffer.concat(packets));
export const fromClient = (...packets: Buffer[]): Turn => ({ from: 'client', bytes: joined(packets) });
export const fromServer = (...packets: Buffer[]): Turn => ({ from: 'server', bytes: joined(packets) });

/** The verdict at a limit; `abort` ends the conversation, as for a row of which the client has half. */
export type Decision = 'cut' | 'admit' | 'abort';

export interface HarnessOptions {
  /** Sets a usage's limits. */
  readonly limit?: (usage: Usage) => void;
  /** The verdict at a limit; `cut` when it is left out. */
  readonly decide?: (usage: Usage, isInsideRow: boolean) => Decision;
  /** The number of bytes that are kept of a statement's text. */
  readonly textBytes?: number;
}

/** An event of a conversation, or a stop of a scan of the server's bytes. */
export interface Happening {
  readonly event: string;
  readonly [detail: string]: unknown;
}

/** The outcome of a conversation. */
export interface Outcome {
  readonly events: readonly Happening[];
  readonly toClient: Buffer;
  readonly toServer: Buffer;
  /** Bytes that were not forwarded by the end. */
  readonly undecidedFromClient: number;
  readonly undecidedFromServer: number;
  /** Whether the client's bytes had to wait at some time. */
  readonly hasWaited: boolean;
  readonly conversation: Conversation;
}

/** Lifts all limits of a usage: the rest of its response passes. */
export const admitAll = (usage: Usage): void => {
  usage.maxRows = Infinity;
  usage.maxBytes = Infinity;
};

/** The error that replaces a row. */
export const CUT_ERROR: ServerError = { code: 3170, sqlState: 'HY000', message: 'too large' };

// Bound parameters are always decoded: that must not fail for any bytes.
const PARAMETER_BYTES = 1024;

/** The memory of each direction, for all conversations: one for large packets takes long to get. */
const MEMORY = { client: new ReadMemory(), server: new ReadMemory() };

/** One direction as the relay drives it: undecided bytes are shown again with more after them. */
class Direction {
  isBlocked = false;
  hasBlocked = false;
  isClosed = false;
  readonly written: GrowingBytes;
  private readonly reads: Reads;

  constructor(
    private readonly scanner: PacketScanner,
    private readonly settle: () => 'onward' | 'blocked' | 'exhausted',
    memory: ReadMemory,
    writtenBytes: number,
  ) {
    this.reads = new Reads(memory);
    this.written = new GrowingBytes(writtenBytes);
  }

  /** Whether decided bytes are dropped now. */
  isDiscarding: () => boolean = () => false;

  get undecidedBytes(): number {
    return this.reads.undecided.length;
  }

  read(bytes: Buffer, from: number, to: number): void {
    if (this.isClosed) return;
    if (this.isBlocked) this.reads.undecided.append(bytes, from, to);
    else this.reads.show(this.walk, bytes, from, to);
  }

  unblock(): void {
    if (!this.isBlocked) return;
    this.isBlocked = false;
    this.reads.show(this.walk);
  }

  /** Scans undecided bytes again after the scanner has become transparent. */
  flushUndecided(): void {
    this.isBlocked = false;
    if (this.undecidedBytes > 0) this.reads.show(this.walk);
  }

  private readonly walk = (chunk: Buffer, from: number, end: number): number => {
    for (let at = from; ;) {
      const isDiscarding = this.isDiscarding();
      const to = this.scanner.scan(chunk, at, end);
      if (to < at || to > end) throw new RangeError(`a scan from ${at} to ${end} returned ${to}`);
      if (!isDiscarding && to > at) this.written.append(chunk, at, to);
      at = to;
      if (this.isClosed) return end;
      const settled = this.settle();
      this.isBlocked = settled === 'blocked';
      this.hasBlocked ||= this.isBlocked;
      if (settled === 'exhausted' && this.scanner.isOutOfTurn) this.scanner.newTurn();
      else if (settled !== 'onward') return at;
    }
  };
}

/**
 * Lets two ends talk in memory. It drives both readers as the relay does, and records the events and the forwarded
 * bytes.
 */
class Exchange implements ConversationObserver, ResponseObserver<Usage> {
  readonly events: Happening[] = [];
  readonly conversation: Conversation;
  readonly requests: Direction;
  readonly responses: Direction;

  constructor(private readonly options: HarnessOptions, sentBytes: Readonly<Record<Turn['from'], number>>) {
    const { textBytes = 4096 } = options;
    const now = (): number => 1;
    this.conversation = new Conversation(
      { observer: this, responses: this, textBytes, parameterBytes: PARAMETER_BYTES, setUp: null, now },
    );
    const { client, server } = this.conversation;
    const settleClient = (): 'blocked' | 'exhausted' => (client.isStopped ? 'blocked' : 'exhausted');
    this.requests = new Direction(client, settleClient, MEMORY.client, sentBytes.client);
    this.responses = new Direction(server, () => this.settle(server.stopReason), MEMORY.server, sentBytes.server);
    this.responses.isDiscarding = () => server.isDiscarding;
  }

  take({ from, bytes }: Turn, split: Split): void {
    let at = 0;
    for (const end of split.ends(bytes)) {
      if (from === 'client') this.requests.read(bytes, at, end);
      else {
        this.responses.read(bytes, at, end);
        this.requests.unblock();
      }
      at = end;
    }
  }

  greeted: ConversationObserver['greeted'] = ({ serverVersion, connectionId, isMariadb }) =>
    this.note('greeted', { serverVersion, connectionId, isMariadb });

  identified: ConversationObserver['identified'] = ({ user, schema, attributes }) =>
    this.note('identified', { user, schema, attributes: Object.fromEntries(attributes) });

  ready: ConversationObserver['ready'] = () => this.note('ready', { schema: this.conversation.schema });

  newUsage(command: PendingCommand): Usage {
    const usage = new Usage(command);
    this.note('usageStarted', { command: command.code, text: textOf(usage) });
    this.options.limit?.(usage);
    return usage;
  }

  cursorOpened(usage: Usage): void {
    this.note('cursorOpened', { text: textOf(usage) });
  }

  statementDone({ text, statement, answerCount }: PendingCommand, { schema }: Tracked): void {
    const sql = (statement?.sql ?? text)?.toString() ?? null;
    this.note('statementDone', { text: sql, answers: answerCount, toldSchema: schema !== null });
  }

  usageEnded(usage: Usage, error: ServerError | null, isComplete: boolean): void {
    // No spread: an object of so many fields would become a hash table.
    this.events.push({
      event: 'usageEnded',
      command: usage.command.code, text: textOf(usage), textBytes: usage.command.textBytes,
      rows: usage.rows, bytes: usage.bytes, resultSets: usage.resultSets, columns: usage.columns,
      largestRowBytes: usage.largestRowBytes, forwardedRows: usage.forwardedRows,
      forwardedBytes: usage.forwardedBytes, isCut: usage.isCut, error: error?.code ?? null, isComplete,
    });
  }

  unparsed({ direction, reason, phase, awaited, offsetBytes, hex }: Unparsed): void {
    // The shown part of the packet depends on what has come; its header is always there.
    this.note('unparsed', { direction, reason, phase, awaited, offsetBytes, header: hex.slice(0, 8) });
    if (this.conversation.server.isDiscarding) this.close();
    else (direction === 'client' ? this.responses : this.requests).flushUndecided();
  }

  private note(event: string, details: object): void {
    this.events.push({ event, ...details });
  }

  private close(): void {
    this.note('closed', {});
    this.requests.isClosed = this.responses.isClosed = true;
  }

  private settle(stopReason: ServerStop): 'onward' | 'exhausted' {
    const { conversation: { server, client }, options } = this;
    if (stopReason === 'none') return 'exhausted';
    if (stopReason === 'fileRequest') {
      server.admitFile();
      return 'onward';
    }
    const { sequenceId, isInsideRow, usage } = server;
    const counts = usage === null ? {} : { rows: usage.rows, bytes: usage.bytes };
    this.note('stopped', { stopReason, ...counts, isInsideRow });
    switch (stopReason) {
      case 'rows':
      case 'bytes':
        this.act(options.decide?.(usage!, isInsideRow) ?? 'cut', usage!);
        return 'onward';
      case 'fileWanted':
        this.requests.written.append(server.refuseFile());
        return 'onward';
      case 'refused':
        this.note('refused', { ...server.refusal, sequenceId });
        this.close();
        return 'exhausted';
      default: // drained
        client.ungate();
        return 'onward';
    }
  }

  private act(decision: Decision, usage: Usage): void {
    const { server, client } = this.conversation;
    if (decision === 'abort') this.close();
    else if (decision === 'admit') admitAll(usage);
    else {
      server.discard();
      usage.cut(false);
      this.responses.written.append(encodeErr(server.sequenceId, CUT_ERROR));
      client.gate();
    }
  }
}

const textOf = (usage: Usage): string | null => {
  const { statement, text } = usage.command;
  return (statement?.sql ?? text)?.toString() ?? null;
};

/** Plays a conversation from its first turn to its last, each turn cut into pieces. */
export const converse = (
  turns: readonly Turn[], options: HarnessOptions = {}, split: Split = WHOLE,
): Outcome => {
  const exchange = new Exchange(options, { client: bytesFrom('client', turns), server: bytesFrom('server', turns) });
  for (const turn of turns) exchange.take(turn, split);
  const { events, requests, responses, conversation } = exchange;
  return {
    events, conversation,
    toClient: responses.written.bytes, toServer: requests.written.bytes,
    undecidedFromClient: requests.undecidedBytes, undecidedFromServer: responses.undecidedBytes,
    hasWaited: requests.hasBlocked,
  };
};

/** The events of one kind. */
export const eventsOf = ({ events }: Outcome, name: string): readonly Happening[] =>
  events.filter(({ event }) => event === name);

/** What one end sends in all its turns. */
export const allFrom = (from: Turn['from'], turns: readonly Turn[]): Buffer =>
  Buffer.concat(turns.filter((turn) => turn.from === from).map(({ bytes }) => bytes));

const bytesFrom = (from: Turn['from'], turns: readonly Turn[]): number =>
  turns.reduce((sum, turn) => sum + (turn.from === from ? turn.bytes.length : 0), 0);

export interface EverySplitOptions extends HarnessOptions {
  readonly splits?: readonly Split[];
}

/** Plays a conversation whole, then at every split, which must change nothing. Returns the outcome. */
export const everySplit = (
  t: Test, turns: readonly Turn[], options: EverySplitOptions = {},
    what = 'at every split the same comes of it',
): Outcome => {
  const whole = converse(turns, options);
  const { splits = SPLITS } = options;
  const differences = splits.flatMap((split) => differencesOf(converse(turns, options, split), whole, split));
  t.same(differences, [], what);
  return whole;
};

/** The differences between the outcomes of a split conversation and of the whole one, as readable text. */
const differencesOf = (split: Outcome, whole: Outcome, { name }: Split): string[] => {
  const differences: string[] = [];
  const compare = (what: string, found: unknown, wanted: unknown): void => {
    if (!isDeepStrictEqual(found, wanted)) {
      differences.push(`${name}: ${what} ${JSON.stringify(found)} instead of ${JSON.stringify(wanted)}`);
    }
  };
  compare('events', split.events, whole.events);
  // Bytes on their way when both connections were closed may be lost.
  const isClosed = whole.events.some(({ event }) => event === 'closed');
  for (const end of ['toClient', 'toServer'] as const) {
    const length = isClosed ? Math.min(split[end].length, whole[end].length) : Infinity;
    const [found, wanted] = [split[end].subarray(0, length), whole[end].subarray(0, length)];
    if (!found.equals(wanted)) compare(end, found.toString('hex'), wanted.toString('hex'));
  }
  if (isClosed) return differences;
  compare('undecided', [split.undecidedFromClient, split.undecidedFromServer],
    [whole.undecidedFromClient, whole.undecidedFromServer]);
  return differences;
};
