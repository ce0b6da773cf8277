import { Capability } from '../../src/protocol/capabilities.js';
import { frameBytesAt, storedFrame } from '../../src/protocol/compression.js';
import { HEADER_BYTES } from '../../src/protocol/framing.js';
import { contentOf, deflatedFrame } from '../support/frames.js';
import { converseOver, PairedProxy, within, type End } from '../support/pairs.js';
import { Random } from '../support/random.js';
import { DIALECTS, login, type DialectName } from '../support/wirePackets.js';
import { Growth } from './growth.js';
import type { Mode, Played } from './mode.js';
import { LONG_MS, seeOut } from './playing.js';
import { PlayedServer } from './playedServer.js';
import { RULES, TalkMaker, type Talk } from './refusalTalk.js';
import { wrongEnd } from './sockets.js';

// Commands of all kinds, of which rules refuse some, in any pieces and sent ahead: the server hears exactly those that
// are not refused, the client hears every answer in its place, and each refusal leaves one record.

const MODES = ['enforce', 'enforce', 'audit'] as const;

interface Plan {
  readonly mode: typeof MODES[number];
  readonly dialect: DialectName;
  readonly isCompressed: boolean;
  readonly talk: Talk;
}

const planOf = (random: Random): Plan => {
  const [mode, dialect] = [random.pick(MODES), random.pick(DIALECTS)];
  const isCompressed = random.chance(0.4);
  return { mode, dialect, isCompressed, talk: new TalkMaker(random, dialect, mode).make(1 + random.skewed(60)) };
};

/** One end of a connection on which packets may be in frames. */
class Wire {
  private taken = 0;
  private opened: Buffer = Buffer.alloc(0);
  /** The number of the frame that was sent last. */
  private number = 0;
  private readonly waiting = new Set<() => void>();

  constructor(private readonly end: End, private readonly isCompressed: boolean) {
    for (const event of ['data', 'end', 'close']) {
      end.socket.on(event, () => { for (const wake of this.waiting) wake(); });
    }
  }

  /** @param first the number of the first frame of a command or an answer; null for a later one */
  say(random: Random, bytes: Buffer, first: number | null): void {
    if (!this.isCompressed) {
      this.end.say(bytes);
      return;
    }
    this.number = first ?? (this.number + 1) & 0xff;
    this.end.say((random.chance(0.5) ? storedFrame : deflatedFrame)(this.number, bytes));
  }

  /** The packets that it has heard so far. */
  heard(): Buffer {
    const { heard } = this.end;
    if (!this.isCompressed) return heard;
    for (;;) {
      const frameBytes = frameBytesAt(heard, this.taken);
      if (frameBytes === null || heard.length < this.taken + frameBytes) return this.opened;
      this.opened = Buffer.concat([this.opened, contentOf([heard.subarray(this.taken, this.taken + frameBytes)])]);
      this.taken += frameBytes;
    }
  }

  /** Waits until this many bytes of packets are heard. Returns false where the other side is gone before. */
  async hear(byteCount: number): Promise<boolean> {
    while (this.heard().length < byteCount) {
      if (this.end.hasHeardEnd || this.end.isClosed) return false;
      let wake = (): void => undefined;
      await new Promise<void>((resolve) => this.waiting.add(wake = resolve));
      this.waiting.delete(wake);
    }
    return true;
  }
}

/** Says bytes in one to a few pieces. */
const sayIn = (random: Random, wire: Wire, bytes: Buffer, first: number): void => {
  for (let at = 0; at < bytes.length;) {
    const end = random.chance(0.75) ? bytes.length : at + 1 + random.below(bytes.length - at);
    wire.say(random, bytes.subarray(at, end), at === 0 ? first : null);
    at = end;
  }
};

/** Answers each command as it comes, until the client is gone. */
const serve = async (random: Random, wire: Wire, dialect: DialectName): Promise<void> => {
  const server = new PlayedServer(dialect);
  for (let at = 0; await wire.hear(at + HEADER_BYTES);) {
    const end = at + HEADER_BYTES + wire.heard().readUIntLE(at, 3);
    if (!await wire.hear(end)) return;
    sayIn(random, wire, server.answer(wire.heard().subarray(at + HEADER_BYTES, end)), 1);
    at = end;
  }
};

/** Sends the commands, in any pieces; now and then it waits for what is due. */
const askAll = async (random: Random, wire: Wire, { asked, atClient }: Talk, isPatient: boolean): Promise<void> => {
  for (const command of asked) {
    sayIn(random, wire, command, 0);
    if (random.chance(isPatient ? 0.8 : 0.1)) await new Promise(setImmediate);
  }
  await within(wire.hear(Buffer.concat(atClient).length), LONG_MS);
};

const difference = (who: string, heard: Buffer, expected: Buffer): string | null => {
  if (heard.equals(expected)) return null;
  const at = heard.findIndex((byte, index) => byte !== expected[index]);
  const place = at === -1 ? heard.length : at;
  const part = (bytes: Buffer): string => bytes.toString('latin1', Math.max(0, place - 30), place + 60);
  return `at byte ${place} of ${expected.length} the ${who} hears ${JSON.stringify(part(heard))}, ` +
    `not ${JSON.stringify(part(expected))}`;
};

export class RefusalsMode implements Mode {
  readonly concurrency = 8;
  private readonly growth = new Growth();

  private constructor(private readonly proxies: Readonly<Record<Plan['mode'], PairedProxy>>) {}

  static async open(): Promise<RefusalsMode> {
    const connections = { connectTimeout: '1m', handshakeTimeout: '1m' };
    const enforce = await PairedProxy.start({ connections, rules: RULES });
    const audit = await PairedProxy.start({ connections, rules: RULES.map((rule) => ({ ...rule, mode: 'audit' })) });
    return new RefusalsMode({ enforce, audit });
  }

  inputOf(seed: number): readonly string[] {
    const { mode, dialect, isCompressed, talk } = planOf(new Random(seed));
    return [JSON.stringify({ mode, dialect, isCompressed }), ...talk.asked.map((bytes) => bytes.toString('base64'))];
  }

  async play(seed: number): Promise<Played> {
    const random = new Random(seed);
    const { mode, dialect, isCompressed, talk } = planOf(random);
    const proxy = this.proxies[mode];
    const pair = await proxy.pair();
    const ended = proxy.here.ended(pair.address);
    const compression = isCompressed ? Capability.COMPRESS : 0n;
    await converseOver(pair, login(dialect, { capabilities: Capability.QUERY_ATTRIBUTES | compression }));
    pair.client.forget();
    pair.server.forget();
    const [client, server] = [new Wire(pair.client, isCompressed), new Wire(pair.server, isCompressed)];
    const served = serve(new Random(seed + 1), server, dialect);
    await askAll(random, client, talk, random.chance(0.5));
    await within(server.hear(Buffer.concat(talk.atServer).length), LONG_MS);
    pair.client.socket.end();
    const isOver = await seeOut(pair, ended);
    await served;
    const problem = isOver ? wrongEnd(await ended) : 'a session did not end';
    const records = this.takeRecords(proxy, pair.address);
    return {
      bytes: Buffer.concat(talk.asked).length,
      problem: difference('server', server.heard(), Buffer.concat(talk.atServer))
        ?? difference('client', client.heard(), Buffer.concat(talk.atClient))
        ?? (records === JSON.stringify(talk.records) ? null : `records ${records}, not ${JSON.stringify(talk.records)}`)
        ?? problem,
    };
  }

  async inspect(): Promise<string | null> {
    const left = Object.values(this.proxies).reduce((count, { here }) => count + here.proxy.sessionCount, 0);
    return left !== 0 ? `${left} sessions are left` : this.growth.look();
  }

  async close(): Promise<void> {
    await Promise.all(Object.values(this.proxies).map((proxy) => proxy.stop()));
  }

  /** The refusals of a session, as JSON; its log and records are dropped. */
  private takeRecords({ here }: PairedProxy, client: string): string {
    const own = here.records.filter((record) => record['client'] === client);
    const others = here.records.filter((record) => record['client'] !== client);
    here.records.splice(0, here.records.length, ...others);
    here.log.length = 0;
    return JSON.stringify(own.map(({ action, rule }) => ({ action, rule })));
  }
}
