import type { Socket } from 'node:net';
import { Writable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import t from 'tap';
import { encodePacket } from '../../../src/protocol/framing.js';
import { FirstByte } from '../../../src/protocol/packets.js';
import { AuthRelay } from '../../../src/relay/login/authRelay.js';
import { PacketExchange } from '../../../src/relay/login/packetExchange.js';
import type { Peer } from '../../../src/protocol/peer.js';
import { AuthBridge } from '../../../src/conversation/authBridge.js';
import type { Conversation } from '../../../src/conversation/conversation.js';

// An authentication takes bounded memory, even if one end sends much and the other does not read.

const KIBIBYTE = 1024;
const MAX_BYTES = 256 * KIBIBYTE;
const MAX_PACKETS = 256;

interface Relayed {
  readonly exchange: PacketExchange;
  /** The end that has sent too much. */
  readonly overrun: Peer[];
  /** The bytes that wait for this end, which reads nothing. */
  queuedFor(peer: Peer): number;
}

const relay = async (): Promise<Relayed> => {
  const ends = { client: new Writable({ write() {} }), server: new Writable({ write() {} }) };
  const overrun: Peer[] = [];
  const [client, server] = [ends.client as unknown as Socket, ends.server as unknown as Socket];
  const exchange = new PacketExchange(client, server, (peer) => {
    overrun.push(peer);
    exchange.close();
  });
  const conversation = { phase: 'authentication', commands: [], dialect: { capabilities: 0n }, server: { scan() {} } };
  const bridge = new AuthBridge('server', true, Buffer.alloc(20));
  void new AuthRelay(exchange, conversation as unknown as Conversation, bridge, false).run(Buffer.alloc(64), false);
  await nextTurn();
  return { exchange, overrun, queuedFor: (peer) => ends[peer].writableLength };
};

const FLOODS = {
  'tiny packets in one read': [Buffer.concat(Array.from({ length: 10_000 }, () => encodePacket(2, Buffer.from([1]))))],
  'packets in read after read': Array.from({ length: 100 }, () => encodePacket(2, Buffer.alloc(8 * KIBIBYTE, 1))),
};

for (const peer of ['client', 'server'] as const) {
  const other = peer === 'client' ? 'server' : 'client';
  for (const [what, reads] of Object.entries(FLOODS)) {
    t.test(`reads a bounded number of bytes from a ${peer} that sends ${what}`, async (t) => {
      const { exchange, overrun, queuedFor } = await relay();
      const before = queuedFor(other);
      for (const bytes of reads) {
        exchange.accept(peer, Buffer.from(bytes));
        await nextTurn();
      }
      t.same(overrun, [peer]);
      const packetBytes = reads.length === 1 ? 5 : reads[0]!.length;
      t.ok(queuedFor(other) - before <= Math.min(MAX_PACKETS * packetBytes, MAX_BYTES));
    });
  }
}

t.test('each authentication of a session has its own bound', async (t) => {
  const { exchange, overrun } = await relay();
  for (let round = 0; round < 10; round += 1) {
    exchange.accept('server', encodePacket(2, Buffer.alloc(100 * KIBIBYTE, FirstByte.AUTH_MORE_DATA)));
    await nextTurn();
    exchange.takeOver({ packets: Buffer.alloc(0), frames: null });
  }
  t.same(overrun, []);
});
