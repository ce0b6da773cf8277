import { Duplex } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Capability } from '../../src/protocol/capabilities.js';
import { frameNumber, OPENABLE_COMPRESSIONS } from '../../src/protocol/compression.js';
import { FrameNumbers } from '../../src/protocol/frameNumbers.js';
import { encodeErr } from '../../src/protocol/packets.js';
import { ReadBuffer } from '../../src/relay/flow/readBuffer.js';
import type { Settled } from '../../src/relay/flow/direction.js';
import { RequestFlow } from '../../src/relay/flow/requestFlow.js';
import type { ResponseDecisions, ResponseVerdicts } from '../../src/relay/flow/responseDecisions.js';
import { ResponseFlow } from '../../src/relay/flow/responseFlow.js';
import { Conversation } from '../../src/conversation/conversation.js';
import type { ConversationObserver, ResponseObserver, Unparsed } from '../../src/conversation/conversationObserver.js';
import type { Peer } from '../../src/protocol/peer.js';
import { type PendingCommand, Usage } from '../../src/conversation/command.js';
import type { QueueView } from '../../src/relay/pace/clientLook.js';
import { admitAll, CUT_ERROR, type Turn } from './conversationHarness.js';
import { contentOf, framesOf, splitFrames, type Framing } from './frames.js';
import { copyBytes, spoilBytes } from './reads.js';
import type { Split } from './splits.js';

/** A client whose queues the kernel does not show. */
const UNSEEN: QueueView = {
  look: () => Promise.resolve(
    { unacknowledgedBytes: null, unreadBytes: null, isClientFull: false, hasClientEnded: false },
  ),
  pendingBytes: 0,
  intervalMs: 0,
  isServerFar: false,
};

// A compressed conversation: turns of packets, put into frames after the login, and relayed by real flows.

/** The verdict at a limit. */
export type Decision = 'cut' | 'admit' | 'admit later' | 'hold' | 'cut what is held';

export interface FramedOptions {
  readonly limit?: (usage: Usage) => void;
  readonly decide?: (usage: Usage) => Decision;
}

/** One frame on one connection. */
interface Passed {
  readonly from: 'near' | 'far';
  readonly number: number;
}

/** A stand-in for a socket that keeps what it is given. */
class End extends Duplex {
  written: Buffer[] = [];

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.written.push(Buffer.from(chunk));
    done();
  }
}

/** The turns of a conversation in which compression is offered and requested. */
export const withCompression = (turns: readonly Turn[]): Turn[] => {
  let greeted = false;
  let answered = false;
  return turns.map((turn) => {
    const bytes = Buffer.from(turn.bytes);
    if (turn.from === 'server' && !greeted) {
      greeted = true;
      bytes[bytes.indexOf(0, 5) + 1 + 13]! |= Number(Capability.COMPRESS);
    } else if (turn.from === 'client' && !answered) {
      answered = true;
      bytes[4]! |= Number(Capability.COMPRESS);
    }
    return { from: turn.from, bytes };
  });
};

export class FramedExchange implements
  ConversationObserver, ResponseObserver<Usage>, ResponseDecisions, ResponseVerdicts {
  readonly usages: Pick<Usage, 'rows' | 'bytes' | 'resultSets' | 'forwardedRows'>[] = [];
  readonly problems: Unparsed[] = [];
  readonly conversation: Conversation;
  readonly client = new End();
  readonly upstream = new End();
  readonly requests: RequestFlow;
  readonly responses: ResponseFlow;
  /** The frames in the order in which they passed each connection; `near` is sent by its own end. */
  readonly passed: Record<Peer, Passed[]> = { client: [], server: [] };
  /** All frames as they came, by sender. */
  readonly sent: Record<Peer, Buffer[]> = { client: [], server: [] };
  hasGone = false;
  /** The bytes that each end got before the first frame. */
  loginBytes: Record<Peer, number> = { client: 0, server: 0 };

  readonly #buffer = new ReadBuffer();
  #held: { usage: Usage; sequenceId: number } | null = null;
  #isFramed = false;

  constructor(private readonly options: FramedOptions = {}) {
    this.conversation = new Conversation({
      observer: this, responses: this, textBytes: 4096, parameterBytes: 0, compressions: OPENABLE_COMPRESSIONS,
      setUp: null, now: () => 1,
    });
    this.requests = new RequestFlow(this.client, this.upstream, this.conversation, {
      left: () => (this.hasGone = true),
      contain: (work) => this.contain(work),
      threw: (error) => this.threw(error),
      userChangeBegun: () => undefined,
      commandRefused: () => undefined,
    }, { commandWaits: () => undefined });
    this.responses = new ResponseFlow(this.upstream, this.client, UNSEEN, this.conversation, this, this);
  }

  /** An error must reach the test. */
  contain(work: () => void): void {
    work();
  }

  threw(error: unknown): void {
    throw error;
  }

  /** Plays turns of packets. After the login each is put into frames, as both ends would. */
  async play(turns: readonly Turn[], framing: Framing, split: Split): Promise<this> {
    for (const { from, bytes } of this.#isFramed ? turns : withCompression(turns)) {
      if (!this.#isFramed) await this.take(from, bytes, split);
      else await this.takeFrames(from, this.framesOf(from, bytes, framing), split);
    }
    return this;
  }

  /** One end sends frames; frames that the proxy writes in the same turn follow them. */
  async takeFrames(from: Peer, frames: readonly Buffer[], split: Split): Promise<void> {
    this.sent[from].push(...frames);
    this.passed[from].push(...frames.map((frame) => ({ from: 'near', number: frameNumber(frame) }) as const));
    await this.take(from, Buffer.concat(frames), split);
  }

  /** One end sends bytes. */
  async take(from: Peer, bytes: Buffer, split: Split, areFramesWhole = this.#isFramed): Promise<void> {
    const before = this.written();
    let at = 0;
    for (const end of split.ends(bytes)) {
      if (from === 'client') this.requests.flow.accept(Buffer.from(bytes.subarray(at, end)));
      else this.read(bytes, at, end);
      at = end;
      if (this.waitsForTurn) await this.caughtUpAll();
    }
    if (areFramesWhole) this.notePassed(before);
  }

  /** Continues after a verdict that took time. */
  async unblock(): Promise<void> {
    const before = this.written();
    this.responses.flow.unblock();
    this.requests.flow.unblock();
    await this.caughtUpAll();
    this.notePassed(before);
  }

  private get waitsForTurn(): boolean {
    return this.requests.flow.waitsForTurn || this.responses.flow.waitsForTurn;
  }

  private async caughtUpAll(): Promise<void> {
    while (this.waitsForTurn) await nextTurn();
  }

  private written(): Record<Peer, number> {
    return { client: this.client.written.length, server: this.upstream.written.length };
  }

  private notePassed(before: Record<Peer, number>): void {
    for (const [peer, end] of [['client', this.client], ['server', this.upstream]] as const) {
      const written = splitFrames(Buffer.concat(end.written.slice(before[peer]))); // always whole frames
      this.passed[peer].push(...written.map((frame) => ({ from: 'far', number: frameNumber(frame) }) as const));
    }
  }

  /** Each read reuses the memory of the last one. */
  private read(bytes: Buffer, from: number, to: number): void {
    for (let at = from; at < to; ) {
      const { room } = this.#buffer;
      const byteCount = Math.min(to - at, room.length);
      copyBytes(bytes, at, at + byteCount, room, 0);
      at += byteCount;
      this.#buffer.deliver(byteCount, this.responses.flow);
      spoilBytes(room, 0, byteCount);
      this.requests.flow.unblock();
      this.#buffer.adapt(byteCount, this.responses.flow, false, Infinity);
    }
  }

  /** Numbers continue from the last one on this connection; a command begins with 0. */
  private framesOf(from: Peer, bytes: Buffer, framing: Framing): Buffer[] {
    const beginsCommand = from === 'client' && bytes[3] === 0;
    const last = this.passed[from].at(-1)?.number ?? 0;
    return framesOf(bytes, beginsCommand ? 0 : (last + 1) & 0xff, framing);
  }

  /** The bytes that one end got after the login, taken out of their frames. */
  contentAt(peer: Peer): Buffer {
    return contentOf(splitFrames(this.writtenAt(peer).subarray(this.loginBytes[peer])));
  }

  writtenAt(peer: Peer): Buffer {
    return Buffer.concat((peer === 'client' ? this.client : this.upstream).written);
  }

  greeted(): void {}
  identified(): void {}
  ready(): void {}
  cursorOpened(): void {}
  statementDone(): void {}
  sessionBegun(): void {}
  stalled(): void {}
  discarded(): void {}

  caughtUp(): void {
    this.requests.flow.unblock();
  }

  newUsage(command: PendingCommand): Usage {
    const usage = new Usage(command);
    this.options.limit?.(usage);
    return usage;
  }

  usageEnded({ rows, bytes, resultSets, forwardedRows }: Usage): void {
    this.usages.push({ rows, bytes, resultSets, forwardedRows });
    if (this.#held !== null) this.endHold(false);
  }

  unparsed(problem: Unparsed): void {
    this.problems.push(problem);
    (problem.direction === 'client' ? this.responses : this.requests.flow).flushUndecided();
  }

  refused(): void {}

  compressed(): void {
    this.#isFramed = true;
    this.loginBytes = { client: this.writtenAt('client').length, server: this.writtenAt('server').length };
    const numbers = new FrameNumbers(() => this.responses.isAnswering);
    for (const one of [this.requests, this.responses]) one.beginFrames('zlib', numbers);
  }

  drained(): Settled {
    this.conversation.client.ungate();
    return 'onward';
  }

  limitReached(): Settled {
    const usage = this.conversation.server.usage!;
    const decision = this.options.decide?.(usage) ?? 'cut';
    if (decision === 'admit later') return 'blocked';
    if (decision === 'admit') admitAll(usage);
    else if (decision === 'hold') this.hold(usage);
    else this.cut(usage, decision === 'cut what is held');
    return 'onward';
  }

  fileRequested(): Settled {
    if (this.#held !== null) this.endHold(false);
    this.conversation.server.admitFile();
    return 'onward';
  }

  abortHeld(): boolean {
    const isHeld = this.#held !== null;
    this.endHold(true);
    return isHeld;
  }

  private hold(usage: Usage): void {
    this.#held = { usage, sequenceId: this.conversation.server.sequenceId };
    this.options.limit?.(usage);
    this.responses.hold();
  }

  private endHold(isDropped: boolean): void {
    this.#held = null;
    this.responses.endHold(isDropped);
  }

  private cut(usage: Usage, wasHeld: boolean): void {
    const sequenceId = this.#held?.sequenceId ?? this.conversation.server.sequenceId;
    if (wasHeld) this.endHold(true);
    usage.cut(wasHeld);
    this.conversation.server.discard();
    this.conversation.client.gate();
    this.responses.inject(encodeErr(sequenceId, CUT_ERROR));
  }
}

/**
 * The fault in the frame numbers on one connection, as both ends check them: 0 begins a command, and every other
 * frame follows the one before. Null when nothing is wrong.
 */
export const miscounted = (passed: readonly Passed[], isClientConnection: boolean): string | null => {
  let next = 0;
  for (const [index, { from, number }] of passed.entries()) {
    const isFromClient = (from === 'near') === isClientConnection;
    if (isFromClient && number === 0) next = 0;
    if (number !== next) return `frame ${index} is number ${number}, not ${next}`;
    next = (next + 1) & 0xff;
  }
  return null;
};
