import { setImmediate as nextTurn } from 'node:timers/promises';
import { frameBytesAt } from '../../src/protocol/compression.js';
import type { Unparsed } from '../../src/conversation/conversationObserver.js';
import type { PendingCommand, Usage } from '../../src/conversation/command.js';
import { allFrom, type Turn } from '../support/conversationHarness.js';
import { FramedExchange, type Decision, type FramedOptions } from '../support/framedExchange.js';
import { contentOf, splitFrames } from '../support/frames.js';
import { Random } from '../support/random.js';
import { WHOLE, type Split } from '../support/splits.js';
import { compressedConversationOf, conversationOf, linesOf } from './conversations.js';
import { Growth } from './growth.js';
import type { Mode, Played } from './mode.js';
import { seededSplit, wrongBytes } from './relayed.js';

// A conversation through the real flows, mostly compressed: opened, counted, cut, held back and reassembled.

/** As a session does: closes when bytes cannot be passed on or are refused. */
class Exchange extends FramedExchange {
  isClosed = false;
  hasWaited = false;
  hasActed = false;
  /** A verdict is pending. */
  private isAsked = false;
  /** The usages that have ended, as the limits counted them. */
  readonly ended: Usage[] = [];

  close(): void {
    this.isClosed = true;
    this.requests.flow.close();
    this.responses.close();
  }

  override newUsage(command: PendingCommand): Usage {
    const usage = super.newUsage(command);
    this.ended.push(usage);
    return usage;
  }

  override unparsed(problem: Unparsed): void {
    this.hasWaited ||= this.conversation.client.isStopped; // waiting bytes go on now, in the same turn
    super.unparsed(problem);
    if (this.conversation.server.isDiscarding || !this.responses.flow.outlet.canPassBytes) this.close();
  }

  override refused(): void {
    this.close();
  }

  override limitReached(): ReturnType<FramedExchange['limitReached']> {
    this.hasActed = true;
    const settled = super.limitReached();
    // Without frames, waiting bytes stay where they were read. A socket would be paused; here more bytes come.
    if (settled === 'blocked' && this.loginBytes.client === 0) return super.limitReached();
    this.isAsked = settled === 'blocked';
    return settled;
  }

  /** Plays the bytes of both ends, then ends both. */
  async playOut(turns: readonly Turn[], split: Split): Promise<this> {
    for (const { from, bytes } of turns) {
      await this.take(from, bytes, split, false);
      this.hasWaited ||= this.conversation.client.isStopped;
      await this.answerAll();
    }
    for (const end of [this.client, this.upstream]) end.resume().push(null);
    await nextTurn();
    await this.answerAll();
    this.isClosed ||= this.hasGone;
    return this;
  }

  /** The pending verdicts have come. */
  private async answerAll(): Promise<void> {
    while (this.isAsked || this.requests.flow.waitsForTurn || this.responses.flow.waitsForTurn) {
      this.isAsked = false;
      this.responses.flow.unblock();
      this.requests.flow.unblock();
      await nextTurn();
    }
  }
}

/** The verdict at a limit: at first, and when it is asked for again. */
type Manner = readonly [first: Decision, then: Decision];

interface Limits {
  readonly maxRows: number;
  readonly maxBytes: number;
  readonly manner: Manner;
}

const MANNERS: readonly Manner[] = [
  ['cut', 'cut'], ['cut', 'cut'], ['admit', 'admit'], ['admit later', 'admit'], ['admit later', 'cut'],
  ['hold', 'cut what is held'],
];

const limitsOf = (random: Random): Limits | null => (random.chance(0.3) ? null : {
  maxRows: random.chance(0.7) ? random.skewed(20) : Infinity,
  maxBytes: random.chance(0.5) ? random.skewed(5000) : Infinity,
  manner: random.pick(MANNERS),
});

const optionsOf = (limits: Limits | null): FramedOptions => {
  if (limits === null) return {};
  const { maxRows, maxBytes, manner: [first, then] } = limits;
  const asked = new Set<Usage>();
  return {
    // A result that is to be held back stops at its first row.
    limit: (usage) => Object.assign(
      usage, first === 'hold' && !asked.has(usage) ? { maxRows: 0 } : { maxRows, maxBytes },
    ),
    decide: (usage) => {
      const isFirst = !asked.has(usage);
      asked.add(usage);
      return isFirst ? first : then;
    },
  };
};

const isInFrames = (bytes: Buffer): boolean => {
  try {
    splitFrames(bytes);
    return true;
  } catch {
    return false;
  }
};

/** The content of frames. Frames that cannot be opened, and bytes after the last one, stay as they are. */
const openedAsFarAsPossible = (bytes: Buffer): Buffer => {
  const contents: Buffer[] = [];
  let at = 0;
  for (let end = frameEnd(bytes, at); end <= bytes.length; end = frameEnd(bytes, at)) {
    const frame = bytes.subarray(at, end);
    try {
      contents.push(contentOf([frame]));
    } catch {
      contents.push(frame);
    }
    at = end;
  }
  return Buffer.concat([...contents, bytes.subarray(at)]);
};

const frameEnd = (bytes: Buffer, at: number): number => at + (frameBytesAt(bytes, at) ?? Infinity);

/** Whether the content is the same. Frames may have changed, and the last ones may still wait. */
const wrongContents = (sent: Buffer, relayed: Buffer, loginBytes: number): string | null => {
  const [given, passed] = [sent, relayed].map((bytes) => openedAsFarAsPossible(bytes.subarray(loginBytes)));
  return given!.subarray(0, passed!.length).equals(passed!) ? null : 'what is in the frames of the client differs';
};

const wrongEnd = ({ client, upstream, requests, isClosed }: Exchange): string | null => {
  if (isClosed) return null;
  if (!client.writableEnded) return 'the server has ended, and the client was not told';
  const isTold = upstream.writableEnded || requests.flow.undecidedBytes > 0 || requests.flow.waitsForTurn;
  return isTold ? null : 'the client has ended, and the server was not told';
};

const wrongRelay = (turns: readonly Turn[], exchange: Exchange): string | null => {
  const { isClosed, hasActed, hasWaited, loginBytes, problems } = exchange;
  const [sent, relayed] = [allFrom('server', turns), exchange.writtenAt('client')];
  if (!hasActed) {
    const [asked, passed] = [allFrom('client', turns), exchange.writtenAt('server')];
    // A frame with a waiting command goes on in parts.
    const isParted = hasWaited && loginBytes.server > 0;
    const wrongRequests = isParted ? wrongContents(asked, passed, loginBytes.server) : wrongBytes(asked, passed);
    const isLost = !isClosed && relayed.length < sent.length;
    const lost = isLost ? `${relayed.length} of ${sent.length} bytes reached the client` : null;
    return wrongRequests ?? wrongBytes(sent, relayed) ?? lost;
  }
  if (isClosed || problems.length > 0 || loginBytes.client === 0) return null;
  const wasInFrames = isInFrames(sent.subarray(loginBytes.client));
  return wasInFrames && !isInFrames(relayed.subarray(loginBytes.client))
    ? 'what the client got is not in whole frames'
    : null;
};

const passedLimit = (limits: Limits | null, { ended }: Exchange): string | null => {
  if (limits === null || limits.manner.includes('admit')) return null;
  const passed = ended.find(({ isCut, forwardedRows, forwardedBytes }) =>
    isCut && (forwardedRows > limits.maxRows || forwardedBytes > limits.maxBytes));
  return passed ? `${passed.forwardedRows} rows, ${passed.forwardedBytes} bytes forwarded` : null;
};

const summary = ({ usages, problems }: Exchange): string =>
  JSON.stringify([usages, problems.map(({ direction, reason, offsetBytes }) => [direction, reason, offsetBytes])]);

const differs = (whole: Exchange, split: Exchange): string | null => {
  if (whole.hasWaited || split.hasWaited || whole.isClosed || split.isClosed) return null;
  return summary(whole) === summary(split) ? null : 'other things happen where reads are split';
};

export class FlowsMode implements Mode {
  readonly concurrency = 1;
  private readonly growth = new Growth();

  inputOf(seed: number): readonly string[] {
    return linesOf(this.turnsOf(new Random(seed)));
  }

  async play(seed: number): Promise<Played> {
    const random = new Random(seed);
    const turns = this.turnsOf(random);
    const limits = limitsOf(random);
    const whole = await new Exchange(optionsOf(limits)).playOut(turns, WHOLE);
    const split = await new Exchange(optionsOf(limits)).playOut(turns, seededSplit(seed));
    const wrong = (exchange: Exchange): string | null =>
      wrongEnd(exchange) ?? wrongRelay(turns, exchange) ?? passedLimit(limits, exchange);
    const problem = wrong(whole) ?? wrong(split) ?? differs(whole, split);
    return { bytes: turns.reduce((sum, { bytes }) => sum + bytes.length, 0), problem };
  }

  inspect(): Promise<string | null> {
    return this.growth.look();
  }

  async close(): Promise<void> {}

  private turnsOf(random: Random): Turn[] {
    return random.chance(0.7) ? compressedConversationOf(random) : conversationOf(random);
  }
}
