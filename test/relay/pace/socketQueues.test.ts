import { once } from 'node:events';
import fs, { writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { endianness } from 'node:os';
import { basename, join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { pendingBytes } from '../../../src/relay/connection/clientSocket.js';
import { findRows } from '../../../src/relay/pace/socketTable.js';
import { type ConnectionEnds, SocketQueueReader, type SocketQueues } from '../../../src/relay/pace/socketQueues.js';
import { world } from '../../../src/world/world.js';
import { changeWorld } from '../../support/changeWorld.js';

/** Two pieces: the count of turns may come before or after one of them. */
const MAX_BYTES_IN_A_TURN = 2 * 24 * 4096;
const UNKNOWN: SocketQueues = {
  unacknowledgedBytes: null, unreadBytes: null, isClientFull: false, hasClientEnded: false,
};
const EMPTY: SocketQueues = { ...UNKNOWN, unacknowledgedBytes: 0, unreadBytes: 0 };

/** A reader of tables in a folder of the test's. */
const readerIn = (t: Test, folder: string, minIntervalMs = 0): SocketQueueReader => {
  const { openTable } = world;
  changeWorld(t, { openTable: (path) => openTable(join(folder, basename(path))) });
  return new SocketQueueReader(minIntervalMs);
};

const listen = async (t: Test, host: string): Promise<Server> => {
  const server = createServer({ pauseOnConnect: true }).listen(0, host, 4096);
  await once(server, 'listening');
  t.teardown(() => server.close());
  return server;
};

/** A connection: the accepted side, and the client's, which does not read until resumed. */
const connectTo = async (t: Test, server: Server, host: string): Promise<{ ours: Socket; client: Socket }> => {
  const accepted = once(server, 'connection');
  const client = connect({ host, port: (server.address() as AddressInfo).port });
  client.pause();
  const [[ours]] = (await Promise.all([accepted, once(client, 'connect')])) as [[Socket], unknown];
  t.teardown(() => {
    client.destroy();
    ours.destroy();
  });
  return { ours, client };
};

const endsOf = ({ localAddress, localPort, remoteAddress, remotePort }: Socket): ConnectionEnds => ({
  localAddress: localAddress!, localPort: localPort!, remoteAddress: remoteAddress!, remotePort: remotePort!,
});

/** Looks until the expected state is seen: written bytes are on their way for a moment. */
const lookUntil = async (
  reader: SocketQueueReader, socket: Socket, isAwaited: (queues: SocketQueues) => boolean,
): Promise<SocketQueues> => {
  for (;;) {
    const queues = await reader.look(endsOf(socket));
    if (isAwaited(queues)) return queues;
  }
};

/** Reads until `bytes` have come. */
const readAll = async (socket: Socket, bytes: number): Promise<void> => {
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    bytes -= (chunk as Buffer).length;
    if (bytes === 0) return;
  }
};

const WAYS = [
  { listener: '127.0.0.1', client: '127.0.0.1' },
  { listener: '::1', client: '::1' },
  { listener: '::', client: '127.0.0.1' },
  { listener: '::', client: '::1' },
  // A client with IPv6 sockets for every address, as Java's.
  { listener: '127.0.0.1', client: '::ffff:127.0.0.1' },
  { listener: '::', client: '::ffff:127.0.0.1' },
];

for (const { listener, client: host } of WAYS) {
  await t.test(`a client that connects to ${host}, with a listener on ${listener}`, async (t) => {
    const reader = new SocketQueueReader();
    const { ours, client } = await connectTo(t, await listen(t, listener), host);

    await t.test('has nothing unread when nothing was sent', async (t) => {
      t.same(await reader.look(endsOf(ours)), EMPTY);
    });

    await t.test('has every byte unread when it does not read', async (t) => {
      ours.write(Buffer.alloc(20_000));
      t.ok(await lookUntil(reader, ours, ({ unreadBytes }) => unreadBytes === 20_000));
      t.same(await lookUntil(reader, ours, ({ unacknowledgedBytes }) => unacknowledgedBytes === 0),
        { unacknowledgedBytes: 0, unreadBytes: 20_000, isClientFull: false, hasClientEnded: false });
    });

    await t.test('has nothing unread when it has read everything', async (t) => {
      await readAll(client, 20_000);
      t.same(await reader.look(endsOf(ours)), EMPTY);
    });

    await t.test("leaves bytes with Sluice's socket when its buffers are full", async (t) => {
      client.pause();
      ours.write(Buffer.alloc(32 * 1024 * 1024));
      const queues = await lookUntil(reader, ours, ({ unacknowledgedBytes }) => unacknowledgedBytes! > 0);
      t.ok(queues.unreadBytes! > 0, `${queues.unreadBytes} bytes unread`);
    });
  });
}

await t.test('the bytes of a partial write are pending, in a queue, or with the client', async (t) => {
  const server = await listen(t, '127.0.0.1');
  const { ours, client } = await connectTo(t, server, '127.0.0.1');
  const reader = new SocketQueueReader();
  const writtenBytes = 64 * 1024 ** 2;
  ours.write(Buffer.alloc(writtenBytes));
  const isAccounted = ({ unacknowledgedBytes, unreadBytes }: SocketQueues): boolean =>
    pendingBytes(ours) + unacknowledgedBytes! + unreadBytes! + client.bytesRead === writtenBytes;
  await lookUntil(reader, ours, isAccounted);
  t.equal(ours.writableLength, writtenBytes, 'the whole write is under way');
  t.ok(pendingBytes(ours) < writtenBytes, `${pendingBytes(ours)} bytes are pending`);
  const before = pendingBytes(ours);
  client.resume();
  while (client.bytesRead < writtenBytes / 4) await once(client, 'data');
  client.pause();
  await lookUntil(reader, ours, isAccounted);
  t.ok(pendingBytes(ours) < before);
});

await t.test('knows nothing of an unknown connection, or of text that is no address', async (t) => {
  const reader = new SocketQueueReader();
  const nowhere = { localAddress: '127.0.0.1', localPort: 1, remoteAddress: '192.0.2.1', remotePort: 1 };
  t.same(await reader.look(nowhere), UNKNOWN);
  t.same(await reader.look({ ...nowhere, remoteAddress: 'fe80::1%lo' }), UNKNOWN);
  t.same(await reader.look({ ...nowhere, remoteAddress: '' }), UNKNOWN);
});

await t.test('knows nothing, and does not throw, when the tables are missing or unreadable', async (t) => {
  const folder = t.testdir({ tcp: {}, unused: '' }); // a folder in a table's place
  const ends = { localAddress: '127.0.0.1', localPort: 1, remoteAddress: '127.0.0.1', remotePort: 2 };
  t.same(await readerIn(t, folder).look(ends), UNKNOWN);
  t.same(await readerIn(t, join(folder, 'nowhere')).look(ends), UNKNOWN);
  t.same(await readerIn(t, folder).look({ ...ends, localAddress: '::1', remoteAddress: '::1' }), UNKNOWN);
});

/** A line of /proc/net/tcp between 10.0.0.1 and 10.0.0.2. */
const line = (number: number, from: [1 | 2, number], to: [1 | 2, number], state: string, queues: string): string => {
  const end = ([host, port]: [1 | 2, number]): string => {
    const address = endianness() === 'LE' ? `0${host}00000A` : `0A00000${host}`;
    return `${address}:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  };
  return `${String(number).padStart(4)}: ${end(from)} ${end(to)} ${state} ${queues} 00:00000000 00000000     0       ` +
    ` 0 1\n`;
};

await t.test('finds lines of any number at any page border', async (t) => {
  const HEADER = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
  const folder = t.testdir({ tcp6: '' });
  const connections = Array.from({ length: 12_000 }, (_, i) => line(i, [1, 3306], [2, i + 1], '01',
    `${i.toString(16).toUpperCase().padStart(8, '0')}:00000000`));
  writeFileSync(join(folder, 'tcp'), HEADER + connections.join(''));
  const reader = readerIn(t, folder);
  const looks = Array.from({ length: 12_000 }, (_, i) => reader.look({
    localAddress: '10.0.0.1', localPort: 3306, remoteAddress: '10.0.0.2', remotePort: i + 1,
  }));
  const seen = await Promise.all(looks);
  t.strictSame(seen.map(({ unacknowledgedBytes }) => unacknowledgedBytes), Array.from({ length: 12_000 }, (_, i) => i));
  t.ok(seen.every(({ unreadBytes }) => unreadBytes === null), 'what clients elsewhere leave unread is not known');
});

await t.test('does not mistake the socket of an earlier connection for the one it looks at', async (t) => {
  const folder = t.testdir({ tcp6: '' });
  const ends = { localAddress: '10.0.0.1', localPort: 3306, remoteAddress: '::ffff:10.0.0.2', remotePort: 77 };
  const live = line(2, [2, 77], [1, 3306], '08', '00000000:00000A00');
  for (const remains of ['06', '03']) {
    writeFileSync(join(folder, 'tcp'), line(1, [2, 77], [1, 3306], remains, '00000000:00000000') + live);
    t.same(
      await readerIn(t, folder).look(ends),
      { unacknowledgedBytes: null, unreadBytes: 2560, isClientFull: false, hasClientEnded: false },
    );
  }
});

await t.test('waiting looks share a read, and none is answered by a read that began before it', async (t) => {
  const folder = t.testdir({ tcp6: '' });
  const ends = { localAddress: '10.0.0.1', localPort: 3306, remoteAddress: '10.0.0.2', remotePort: 77 };
  const unread = (bytes: number): void =>
    writeFileSync(join(folder, 'tcp'), line(1, [2, 77], [1, 3306], '01', `00000000:0000000${bytes}`));
  const reader = readerIn(t, folder, 20);
  unread(1);
  const first = Array.from({ length: 1000 }, () => reader.look(ends));
  while (reader.readCount === 0) await nextTurn();
  const later = Array.from({ length: 1000 }, () => reader.look(ends)); // the first read is under way
  t.match(await Promise.all(first), first.map(() => ({ unreadBytes: 1 })));
  unread(2); // before the pause between reads is over
  t.match(await Promise.all(later), later.map(() => ({ unreadBytes: 2 })));
  t.equal(reader.readCount, 2);
});

await t.test('finds the right ones of 5,200 sockets, and reads few lines in one turn of the event loop', async (t) => {
  const server = await listen(t, '127.0.0.1');
  const pairs: { ours: Socket; client: Socket }[] = [];
  while (pairs.length < 2600) pairs.push(await connectTo(t, server, '127.0.0.1'));
  const watched = [0, 1, 1300, 2598, 2599].map((index) => ({ index, ...pairs[index]! }));
  for (const { index, ours } of watched) ours.write(Buffer.alloc(100 + index));
  const reader = new SocketQueueReader();
  for (const { index, ours } of watched) {
    t.ok(await lookUntil(reader, ours, ({ unreadBytes }) => unreadBytes === 100 + index));
    const neighbour = pairs[index === 0 ? 2 : index - 1]!;
    if (!watched.some(({ ours: other }) => other === neighbour.ours)) {
      t.match(await reader.look(endsOf(neighbour.ours)), { unreadBytes: 0 });
    }
  }

  // A look for an unknown connection reads the table to its end.
  const bytesInTurn: number[] = [];
  let turn = 0;
  const read = fs.readSync;
  const readSync = (...args: Parameters<typeof fs.readSync>): number => {
    const bytes = read(...args);
    bytesInTurn[turn] = (bytesInTurn[turn] ?? 0) + bytes;
    return bytes;
  };
  Object.assign(fs, { readSync });
  syncBuiltinESMExports();
  t.teardown(() => {
    Object.assign(fs, { readSync: read });
    syncBuiltinESMExports();
  });
  let isOver = false;
  const found = findRows('/proc/net/tcp', new Set(['nobody'])).finally(() => (isOver = true));
  for (; !isOver; turn += 1) await nextTurn();
  t.equal((await found).size, 0);
  t.ok(bytesInTurn.reduce((sum, bytes) => sum + bytes, 0) > 5200 * 150, 'all lines were read');
  t.ok(bytesInTurn.every((bytes) => bytes <= MAX_BYTES_IN_A_TURN), 'little in each turn');
});

await t.test('repeated looks of many sessions cause one read at a time, for all of them', async (t) => {
  const { ours } = await connectTo(t, await listen(t, '127.0.0.1'), '127.0.0.1');
  const reader = new SocketQueueReader();
  const ROUNDS = 5;
  const seen = new Set<number | null>();
  const session = async (): Promise<void> => {
    for (let round = 0; round < ROUNDS; round += 1) seen.add((await reader.look(endsOf(ours))).unreadBytes);
  };
  await Promise.all(Array.from({ length: 500 }, session));
  t.strictSame([...seen], [0]);
  t.equal(reader.readCount, ROUNDS);
});

await t.test('pauses for a millisecond between two looks, as long as they are cheap', async (t) => {
  readerIn(t, t.testdir({ tcp: '', tcp6: '' }));
  const pauses: number[] = [];
  const { after } = world;
  changeWorld(t, {
    after: (ms, work) => {
      pauses.push(ms);
      return after(0, work);
    },
  });
  const reader = new SocketQueueReader();
  const ends = { localAddress: '127.0.0.1', localPort: 1, remoteAddress: '127.0.0.1', remotePort: 2 };
  for (let look = 0; look < 3; look += 1) t.strictSame(await reader.look(ends), UNKNOWN);
  t.strictSame([...new Set(pauses)], [1]);
});
