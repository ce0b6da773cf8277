import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, connect as connectTcp } from 'node:net';
import { Duplex } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { connect, TLSSocket } from 'node:tls';
import t from 'tap';
import { PacketScanner, type Entry } from '../../../src/protocol/packetScanner.js';
import { DecryptedReads, readDecrypted } from '../../../src/relay/flow/decryptedReads.js';
import type { Direction } from '../../../src/relay/flow/direction.js';
import { Flow } from '../../../src/relay/flow/flow.js';
import { SINK_ROOM } from '../../../src/relay/flow/room.js';
import { makeAuthority } from '../../support/certificates.js';

const MAX_RECORD_BYTES = 16 * 1024;

/** Leaves the last few bytes undecided, as a scanner leaves a split header. */
class Leaving extends PacketScanner {
  leave = (): number => 0;

  override scan(_chunk: Buffer, at: number, end: number): number {
    return Math.max(at, end - this.leave());
  }

  protected override begin(): Entry {
    return 'enter';
  }

  protected override packet(): boolean {
    return true;
  }

  protected override skim(): number {
    throw new Error('nothing is looked at');
  }
}

/** A direction in which everything that is decided goes on. */
const forwarding = (flow: () => Flow): Direction => ({
  maxWaitingBytes: 0,
  scanBegins: () => undefined,
  deliver: (bytes) => flow().outlet.forward(bytes),
  settle: () => 'exhausted',
  mayPause: () => true,
  caughtUp: () => undefined,
  roomChanged: () => undefined,
  sourceEnded: () => flow().endSource(),
  mayWriteRest: () => true,
});

/** Copies what it is given when it takes it, which may be later, as the kernel does. */
const kernel = (isSlow: () => boolean) => {
  const taken: Buffer[] = [];
  const take = (chunks: readonly Buffer[], done: () => void): void => {
    const copy = (): void => {
      taken.push(...chunks.map((chunk) => Buffer.from(chunk)));
      done();
    };
    if (isSlow()) setImmediate(copy);
    else copy();
  };
  const socket = new Duplex({
    highWaterMark: 1,
    read() {},
    write: (chunk: Buffer, _encoding, done) => take([chunk], done),
    writev: (chunks, done) => take(chunks.map(({ chunk }: { chunk: Buffer }) => chunk), done),
  });
  return { socket, taken };
};

/** A small generator of numbers below `limit`, which a seed determines. */
const numbers = (seed: number) => {
  let state = seed;
  return (limit: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
};

for (const seed of Array.from({ length: 20 }, (_, index) => index + 1)) {
  t.test(`forwards the bytes of TLS records unchanged, however slowly they are taken: seed ${seed}`, async (t) => {
    const below = numbers(seed);
    const source = new Duplex({ read() {} });
    const { socket, taken } = kernel(() => below(10) === 0);
    const scanner = new Leaving();
    const contained = { contain: (work: () => void): void => work() };
    const flow: Flow = new Flow(source, socket, scanner, forwarding(() => flow), SINK_ROOM, contained);
    scanner.leave = () => (below(3) === 0 ? below(8) : 0);
    const reads = new DecryptedReads();
    const sent: Buffer[] = [];
    for (let turn = 0; turn < 60; turn += 1) {
      // Node.js delivers all records of one read of the socket, even after it was told to stop reading.
      const records = 1 + below(200);
      for (let record = 0; record < records && (record % 5 > 0 || !flow.sink.isFull); record += 1) {
        const byteCount = below(4) === 0 ? 1 + below(MAX_RECORD_BYTES) : MAX_RECORD_BYTES;
        const room = reads.room.subarray(0, Math.min(byteCount, reads.room.length));
        if (room.length === 0) throw new RangeError('a record has no room');
        room.fill(below(2 ** 32).toString(36));
        sent.push(Buffer.from(room));
        reads.deliver(room.length, flow);
        reads.adapt(room.length, flow, below(50) === 0, below(20) === 0 ? 8192 : Infinity);
      }
      await nextTurn();
      if (!flow.sink.isFull) reads.taken();
    }
    scanner.leave = () => 0;
    flow.accept(Buffer.from('!'));
    while (!flow.isEmpty) await nextTurn();
    t.ok(Buffer.concat(taken).equals(Buffer.concat([...sent, Buffer.from('!')])));
  });
}

t.test('reads a TLS connection into its buffer, with what came before and the end', async (t) => {
  const issued = await (await makeAuthority(t)).issue('localhost');
  const [cert, key] = [readFileSync(issued.cert), readFileSync(issued.key)];
  const payload = Buffer.alloc(1_000_000, 'payload ');
  const server = createServer((socket) => {
    const encrypted = new TLSSocket(socket, { isServer: true, cert, key });
    encrypted.on('secure', () => encrypted.end(payload));
  });
  t.teardown(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const plain = connectTcp((server.address() as AddressInfo).port, '127.0.0.1');
  const client = connect({ socket: plain, rejectUnauthorized: false });
  await once(client, 'secureConnect');
  await nextTurn(); // some records have come
  const pieces: Buffer[] = [];
  const reads = readDecrypted(client, (byteCount) => void pieces.push(reads.take(byteCount)));
  let chunks = 0;
  client.on('data', () => (chunks += 1));
  client.resume();
  await once(client, 'end');
  t.ok(Buffer.concat(pieces).equals(payload));
  t.equal(chunks, 0, 'Node makes no chunks of what comes');
});
