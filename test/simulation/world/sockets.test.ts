import type { AddressInfo, Server, Socket } from 'node:net';
import t, { type Test } from 'tap';
import { world } from '../../../src/world/world.js';
import type { StreamRequest } from './nodeInternals.js';
import { SimulatedWorld } from './simulatedWorld.js';
import { handleOf } from './tcpHandle.js';

// Runs the same script on a real loopback connection and in a simulated world. Node's sockets must report the same.

/** Both ends of a connection, and the events that they have reported. */
interface Pair {
  readonly ours: Socket;
  readonly theirs: Socket;
  readonly told: { readonly ours: string[], readonly theirs: string[] };
}

/** One action of a script. */
type Step = (pair: Pair) => void;

/** How the two kinds of connection are made, and how one waits until nothing happens any more. */
interface Place {
  readonly settle: (isOver: () => boolean) => Promise<void>;
  readonly host: string;
}

const listenTo = (socket: Socket): string[] => {
  const told: string[] = [];
  let byteCount = 0;
  const tell = (what: string): void => void told.push(byteCount > 0 ? `${what} after ${byteCount}` : what);
  socket.on('data', (bytes: Buffer) => (byteCount += bytes.length));
  socket.on('end', () => tell('end')).on('finish', () => tell('finish'));
  socket.on('error', ({ code }: NodeJS.ErrnoException) => tell(`error ${code}`));
  socket.on('close', (isError) => tell(`close ${isError}`));
  return told;
};

const connect = async ({ host, settle }: Place): Promise<Pair & { readonly server: Server }> => {
  const accepted: Socket[] = [];
  const server = world.createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => accepted.push(socket));
  server.listen({ host, port: 0 });
  await settle(() => server.listening);
  const ours = world.connect({ host, port: (server.address() as AddressInfo).port, allowHalfOpen: true });
  let isConnected = false;
  ours.on('connect', () => (isConnected = true));
  await settle(() => isConnected && accepted.length > 0);
  const [theirs] = accepted as [Socket];
  return { ours, theirs, told: { ours: listenTo(ours), theirs: listenTo(theirs) }, server };
};

/** Plays a script, closes both ends, and returns the events that they have reported. */
const play = async (place: Place, script: Script): Promise<object> => {
  const pair = await connect(place);
  for (const { act, until } of script) {
    act(pair);
    await place.settle(() => until(pair));
  }
  pair.server.close();
  for (const socket of [pair.ours, pair.theirs]) socket.destroy();
  await place.settle(() => areClosed(pair));
  return pair.told;
};

type Script = readonly { readonly act: Step, readonly until: (pair: Pair) => boolean }[];

const has = (told: readonly string[], what: string): boolean => told.some((one) => one.startsWith(what));
const isTold = (who: 'ours' | 'theirs', what: string) => ({ told }: Pair): boolean => has(told[who], what);
const hasRead = (byteCount: number) => ({ theirs }: Pair): boolean => theirs.bytesRead >= byteCount;
const hasWritten = ({ ours }: Pair): boolean => ours.writableLength === 0;
const areClosed = ({ told }: Pair): boolean => has(told.ours, 'close') && has(told.theirs, 'close');
/** The accepted end reads nothing before a script lets it. */
const SCRIPTS: Readonly<Record<string, Script>> = {
  'both end after what they have written': [
    { act: ({ ours }) => ours.end(Buffer.alloc(100_000)), until: ({ ours }) => ours.writableEnded },
    { act: ({ theirs }) => theirs.resume(), until: isTold('theirs', 'end') },
    { act: ({ theirs }) => theirs.end('answer'), until: areClosed },
  ],
  'one resets, and the other reads': [
    { act: ({ ours, theirs }) => { theirs.resume(); ours.resetAndDestroy(); }, until: isTold('theirs', 'close') },
  ],
  'one resets after bytes that the other has not read': [
    { act: ({ ours }) => ours.write('last'), until: hasWritten },
    { act: ({ ours }) => ours.resetAndDestroy(), until: isTold('ours', 'close') },
    { act: ({ theirs }) => theirs.resume(), until: ({ told }) => told.theirs.length > 0 },
    { act: ({ theirs }) => theirs.write('too late'), until: isTold('theirs', 'close') },
  ],
  'one closes with something unread': [
    { act: ({ ours }) => ours.write('unread'), until: hasWritten },
    { act: ({ theirs }) => theirs.destroy(), until: isTold('ours', 'close') },
  ],
  'one writes twice to an end that has closed': [
    { act: ({ theirs }) => theirs.destroy(), until: isTold('ours', 'end') },
    { act: ({ ours }) => ours.write('first'), until: hasWritten },
    { act: ({ ours }) => ours.write('second'), until: isTold('ours', 'close') },
  ],
  'one writes more than fits, and the other reads later': [
    { act: ({ ours }) => ours.write(Buffer.alloc(8_000_000)), until: ({ ours }) => ours.writableLength > 0 },
    { act: ({ theirs }) => theirs.resume(), until: hasRead(8_000_000) },
    { act: ({ ours }) => ours.end(), until: isTold('theirs', 'end') },
  ],
};

const onMachine = (): Place => ({
  host: '127.0.0.1',
  settle: async (isOver) => {
    while (!isOver()) await new Promise((resolve) => setImmediate(resolve));
  },
});

const inWorld = (t: Test, seed: number): Place => {
  const simulated = new SimulatedWorld(seed);
  // A loopback: what is sent is there before any program runs on.
  const wire = { latencyMs: 0, jitterMs: 0, bytesPerMs: Infinity, segmentBytes: 65_483 };
  const { scheduler, network: { traits } } = simulated;
  simulated.network.traits = (from, to) => ({ ...traits(from, to), wire });
  simulated.enter();
  t.teardown(() => simulated.leave());
  return {
    host: '10.0.0.1',
    settle: async (isOver) => {
      await scheduler.run({ untilMs: scheduler.nowMs });
      await scheduler.run({ until: isOver });
      if (!isOver()) t.fail('nothing happens any more');
    },
  };
};

for (const [title, script] of Object.entries(SCRIPTS)) {
  t.test(`a simulated connection reports what a real one reports when ${title}`, async (t) => {
    const real = await play(onMachine(), script);
    for (let seed = 1; seed <= 3; seed += 1) {
      await t.test(`seed ${seed}`, async (t) => t.strictSame(await play(inWorld(t, seed), script), real));
    }
  });
}

t.test('a handle returns a request of its own for a write under way, where it is given none', async (t) => {
  const place = inWorld(t, 1);
  const { ours, theirs, server } = await connect(place);
  const bytes = Buffer.alloc(8_000_000);
  const request = handleOf(ours)!.writeBuffer(null, bytes) as StreamRequest;
  let status: number | null = null;
  request.oncomplete = (outcome) => (status = outcome);
  theirs.resume();
  await place.settle(() => status !== null);
  t.strictSame([status, theirs.bytesRead <= bytes.length], [0, true]);
  t.equal(handleOf(ours)!.writeBuffer(null, Buffer.from('fits')), 0, 'a write that ends at once needs none');
  server.close();
  for (const socket of [ours, theirs]) socket.destroy();
});

t.test('a simulated connection is refused like a real one when nobody listens', async (t) => {
  const refused = async ({ host, settle }: Place): Promise<string> => {
    const socket = world.connect({ host, port: 1 });
    let told = '';
    socket.on('error', ({ message }) => (told = message.replace(host, 'HOST')));
    await settle(() => told !== '');
    return told;
  };
  const real = await refused(onMachine());
  t.equal(await refused(inWorld(t, 1)), real);
});
