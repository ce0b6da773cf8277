import { Capability } from '../../src/protocol/capabilities.js';
import { sslRequestFor } from '../../src/protocol/sslRequest.js';
import { makeAuthority, type Certificate } from '../support/certificates.js';
import { fromClient, fromServer, type Turn } from '../support/conversationHarness.js';
import { encryptedPair, type Encrypted } from '../support/encryptedPairs.js';
import { PairedProxy } from '../support/pairs.js';
import { Random } from '../support/random.js';
import {
  BASE_CAPABILITIES, greetingPayload, MYSQL_OFFER, packetsFrom, responsePayload,
} from '../support/wirePackets.js';
import { Canary } from './canary.js';
import { linesOf, talkOf } from './conversations.js';
import { Ends } from './ends.js';
import { Growth } from './growth.js';
import type { Mode, Played } from './mode.js';
import { playAndLeave, seeOut } from './playing.js';
import { LOW, wrongEnd } from './sockets.js';

// Conversations inside TLS on one connection or both, and some that announce TLS and send something else. As in clear,
// the process lives, each session ends, and the sessions beside it notice nothing.

/** The behaviour of two ends: they encrypt and talk, or only announce encryption. */
interface Plan {
  readonly encrypted: Encrypted;
  readonly isBroken: boolean;
  readonly talk: readonly Turn[];
}

const planOf = (random: Random): Plan => ({
  encrypted: random.pick(
    [{ client: true, server: true }, { client: true, server: false }, { client: false, server: true }],
  ),
  isBroken: random.chance(0.4),
  talk: talkOf(random),
});

/** The beginnings of TLS 1.2 and 1.3 handshakes and alerts, followed by bytes that do not fit. */
const TLS_BEGINNINGS = [
  '16030100c8010000c40303', '160303007a020000760303', '15030300020228', '1703030020', '1403030001',
];

const inPlaceOfTls = (random: Random): Buffer => {
  const beginning = Buffer.from(random.chance(0.6) ? random.pick(TLS_BEGINNINGS) : '', 'hex');
  return Buffer.concat([beginning, random.bytes(random.skewed(600))]);
};

/** A login up to the TLS handshake, then something else. */
const brokenTurns = (random: Random, { encrypted, talk }: Plan): Turn[] => {
  const capabilities = encrypted.server ? MYSQL_OFFER : MYSQL_OFFER & ~Capability.SSL;
  const answer = responsePayload({ capabilities: BASE_CAPABILITIES });
  const response = encrypted.client ? sslRequestFor(answer) : answer;
  return [
    fromServer(packetsFrom(0, greetingPayload({ capabilities }))),
    fromClient(packetsFrom(1, response), ...(encrypted.client ? [inPlaceOfTls(random)] : [])),
    fromServer(inPlaceOfTls(random)),
    ...talk,
  ].filter(({ bytes }) => bytes.length > 0);
};

export class EncryptedMode implements Mode {
  readonly concurrency = 8;
  private readonly growth = new Growth();

  private constructor(
    private readonly ends: Ends,
    private readonly certificate: Certificate,
    private readonly proxy: PairedProxy,
    private readonly canary: Canary,
  ) {}

  static async open(): Promise<EncryptedMode> {
    const ends = new Ends();
    const certificate = await (await makeAuthority(ends)).issue('localhost');
    const listen = { host: '127.0.0.1', port: 0, tls: { mode: 'optional', ...certificate } };
    const proxy = await PairedProxy.start({ ...LOW, listen, upstreamTls: { mode: 'preferred' } });
    ends.teardown(() => proxy.stop());
    return new EncryptedMode(ends, certificate, proxy, await Canary.start(await proxy.pair()));
  }

  inputOf(seed: number): readonly string[] {
    const random = new Random(seed);
    const plan = planOf(random);
    const turns = plan.isBroken ? brokenTurns(random, plan) : plan.talk;
    return [JSON.stringify({ encrypted: plan.encrypted, isBroken: plan.isBroken }), ...linesOf(turns)];
  }

  async play(seed: number): Promise<Played> {
    const random = new Random(seed);
    const plan = planOf(random);
    const problem = await (plan.isBroken ? this.playBroken(random, plan) : this.playEncrypted(random, plan));
    this.proxy.here.log.length = 0;
    this.proxy.here.records.length = 0;
    return { bytes: plan.talk.reduce((sum, { bytes }) => sum + bytes.length, 0), problem };
  }

  async inspect(): Promise<string | null> {
    const left = this.proxy.here.proxy.sessionCount - 1;
    return this.canary.problem ?? (left !== 0 ? `${left} sessions are left` : this.growth.look());
  }

  async close(): Promise<void> {
    await this.canary.stop();
    await this.ends.endAll();
  }

  private async playEncrypted(random: Random, { encrypted, talk }: Plan): Promise<string | null> {
    const pair = await encryptedPair(this.proxy, this.certificate, encrypted);
    const connections = { client: pair.clientTcp, server: pair.serverTcp };
    const ended = this.proxy.here.ended(pair.address);
    await playAndLeave(random, pair, talk, connections);
    return await seeOut(pair, ended, connections) ? wrongEnd(await ended) : 'a session did not end';
  }

  private async playBroken(random: Random, plan: Plan): Promise<string | null> {
    const pair = await this.proxy.pair();
    const ended = this.proxy.here.ended(pair.address);
    await playAndLeave(random, pair, brokenTurns(random, plan));
    return await seeOut(pair, ended) ? wrongEnd(await ended) : 'a session did not end';
  }
}
