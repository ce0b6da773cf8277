import { Capability } from '../../src/protocol/capabilities.js';
import { HEADER_BYTES } from '../../src/protocol/framing.js';
import { unaskedFilePacket } from '../../src/relay/flow/lastPackets.js';
import { allFrom, type Turn } from '../support/conversationHarness.js';
import type { Entry } from '../support/inProcess.js';
import { PairedProxy, type Pair } from '../support/pairs.js';
import { Random } from '../support/random.js';
import { Canary } from './canary.js';
import { conversationOf, linesOf, recordedConversation } from './conversations.js';
import { Growth } from './growth.js';
import type { Mode, Played } from './mode.js';
import { LONG_MS, play, playAndLeave, seeOut } from './playing.js';
import { wrongBytes } from './relayed.js';

// Conversations through proxies in this process, many at the same time. Whatever two ends send and however they leave,
// the process lives, relayed bytes equal the sent ones, each session ends and says why, and the sessions beside it
// notice nothing.

// Far longer than any step takes on a busy machine: an end that hangs is closed before. A drain is short.
const BOUNDS = {
  connections: { connectTimeout: '1m', handshakeTimeout: '1m' }, drain: { bytes: '1MiB', time: '200ms' },
};
/** With limits that nearly every result breaks. */
export const LOW = { ...BOUNDS, limits: { rows: 3, bytes: '300B' }, streaming: { pace: { wait: '10ms' } } };

const NOTHING_BUT_SELECT = {
  name: 'nothing-but-select', match: { statement: ['dml', 'ddl', 'admin', 'call', 'other', 'show'] }, action: 'refuse',
  refusal: { unjudged: true },
};

/** The configurations of the conversations; the first one cuts nothing. */
const CONFIGS: readonly object[] = [
  { ...BOUNDS, mode: 'audit' },
  { ...LOW },
  { ...LOW, onExceed: { action: 'truncate' }, compression: 'strip', onUnparsed: 'close' },
  { ...LOW, onExceed: { action: 'close' }, audit: { params: true, sqlBytes: '100B' } },
  { ...LOW, onExceed: { action: 'hold' }, budget: { bytes: '2KiB' }, streaming: { signals: ['cursor'] } },
  { ...LOW, rules: [NOTHING_BUT_SELECT], audit: { params: true } },
];

/** One in this many seeds is a recorded conversation without faults, which has to arrive whole. */
const INTACT_EVERY = 10;

/** In place of a greeting, Sluice itself may send an error: an ERR packet without SQLSTATE. */
const isRefusal = (heard: Buffer): boolean => heard[4] === 0xff && heard.toString('latin1', 7, 15) === 'sluice: ';

/** When a client leaves before its login, Sluice itself sends the server a login to deny. */
const isDenial = (heard: Buffer): boolean => heard.includes('sluice-probe\0');

/** In place of a refused request for a file, the client gets an error last. */
const UNASKED_FILE = unaskedFilePacket(0).subarray(HEADER_BYTES);
const FRAME_HEADER_BYTES = 7;
const LENGTH_BYTES = 3;

/** The part of a client's bytes that the server sent. */
const saidByServer = (heard: Buffer, isFramed: boolean): Buffer => {
  if (!heard.subarray(-UNASKED_FILE.length).equals(UNASKED_FILE)) return heard;
  const headers = HEADER_BYTES + (isFramed ? FRAME_HEADER_BYTES : 0);
  return heard.subarray(0, heard.length - UNASKED_FILE.length - headers);
};

/**
 * A client's bytes, with their last frame as it was `said`. Of a frame with a refused request for a file, the part
 * before the request goes on in a shorter frame.
 */
const withLastFrame = (said: Buffer, heard: Buffer): Buffer => {
  const differing = heard.findIndex((byte, at) => byte !== said[at] && at > HEADER_BYTES + said.readUIntLE(0, 3));
  for (let at = differing; at >= 0 && at > differing - LENGTH_BYTES; at -= 1) {
    if (heard.length - at < FRAME_HEADER_BYTES) continue;
    if (heard.readUIntLE(at, LENGTH_BYTES) !== heard.length - at - FRAME_HEADER_BYTES) continue;
    return Buffer.concat([said.subarray(0, at + LENGTH_BYTES), heard.subarray(at + LENGTH_BYTES)]);
  }
  return heard;
};

const wrongRelay = (turns: readonly Turn[], { client, server }: Pair): string | null => {
  const said = allFrom('client', turns);
  // A compressed frame with a waiting command goes on in parts.
  const mayBeParted = ((said[4] ?? 0) & Number(Capability.COMPRESS)) !== 0;
  const wrongRequests = mayBeParted || isDenial(server.heard) ? null : wrongBytes(said, server.heard);
  if (wrongRequests !== null) return `at the server: ${wrongRequests}`;
  const answered = allFrom('server', turns);
  const withoutError = saidByServer(client.heard, mayBeParted);
  const isShort = mayBeParted && withoutError.length < client.heard.length;
  const heard = isShort ? withLastFrame(answered, withoutError) : withoutError;
  const wrongResponses = isRefusal(heard) ? null : wrongBytes(answered, heard);
  return wrongResponses === null ? null : `at the client: ${wrongResponses}`;
};

/** The fault in the end of a session, according to the log. */
export const wrongEnd = ({ by, reason }: Entry): string | null =>
  (by && reason ? null : 'a session ended without a reason');

export class SocketsMode implements Mode {
  readonly concurrency = 16;
  private readonly growth = new Growth();

  private constructor(private readonly proxies: readonly PairedProxy[], private readonly canaries: readonly Canary[]) {}

  static async open(): Promise<SocketsMode> {
    const proxies = await Promise.all(CONFIGS.map((config) => PairedProxy.start(config)));
    return new SocketsMode(proxies, await Promise.all(proxies.map(async (proxy) => Canary.start(await proxy.pair()))));
  }

  inputOf(seed: number): readonly string[] {
    const random = new Random(seed);
    return linesOf(seed % INTACT_EVERY === 0 ? recordedConversation(random) : conversationOf(random));
  }

  async play(seed: number): Promise<Played> {
    const random = new Random(seed);
    const isIntact = seed % INTACT_EVERY === 0;
    const turns = isIntact ? recordedConversation(random) : conversationOf(random);
    const proxy = this.proxies[isIntact ? 0 : seed % this.proxies.length]!;
    const problem = await (isIntact ? this.playIntact(random, proxy, turns) : this.playOdd(random, proxy, turns));
    proxy.here.log.length = 0;
    proxy.here.records.length = 0;
    return { bytes: turns.reduce((sum, { bytes }) => sum + bytes.length, 0), problem };
  }

  /**
   * Checks that only the canaries' sessions are left, that they noticed nothing, and that nothing is kept of ended
   * ones.
   */
  async inspect(): Promise<string | null> {
    const left = this.proxies.reduce((count, { here }) => count + here.proxy.sessionCount, 0) - this.canaries.length;
    const noticed = this.canaries.map(({ problem }) => problem).find((problem) => problem !== null);
    return noticed ?? (left !== 0 ? `${left} sessions are left` : this.growth.look());
  }

  async close(): Promise<void> {
    await Promise.all(this.canaries.map((canary) => canary.stop()));
    await Promise.all(this.proxies.map((proxy) => proxy.stop()));
  }

  private async playOdd(random: Random, proxy: PairedProxy, turns: readonly Turn[]): Promise<string | null> {
    const pair = await proxy.pair();
    const ended = proxy.here.ended(pair.address);
    await playAndLeave(random, pair, turns);
    if (!await seeOut(pair, ended)) return 'a session did not end';
    return wrongEnd(await ended) ?? (proxy === this.proxies[0] ? wrongRelay(turns, pair) : null);
  }

  private async playIntact(random: Random, proxy: PairedProxy, turns: readonly Turn[]): Promise<string | null> {
    const pair = await proxy.pair();
    const ended = proxy.here.ended(pair.address);
    const isWhole = await play(random, pair, turns, LONG_MS);
    pair.client.socket.end();
    if (!await seeOut(pair, ended)) return 'a session did not end';
    const end = await ended;
    if (!isWhole) return `a session with nothing wrong in it did not get through: ${end.by ?? ''} ${end.reason ?? ''}`;
    return wrongEnd(end) ?? wrongRelay(turns, pair);
  }
}
