import type { Socket } from 'node:net';
import t, { type Test } from 'tap';
import { LineSink } from '../../../src/audit/lineSink.js';
import { SocketQueueReader } from '../../../src/relay/pace/socketQueues.js';
import { sleep } from '../../../src/world/sleep.js';
import { world } from '../../../src/world/world.js';
import type { NetEnd } from './netEnd.js';
import { fulfilled } from './proxyScene.js';
import { SimulatedWorld } from './simulatedWorld.js';

const CLIENT_HOST = '10.0.2.1';

const enter = (t: Test, seed = 1): SimulatedWorld => {
  const simulated = new SimulatedWorld(seed);
  simulated.enter();
  t.teardown(() => simulated.leave());
  return simulated;
};

/** A client of the world's, and the program's end of its connection. */
const connected = async (simulated: SimulatedWorld): Promise<{ readonly client: NetEnd, readonly ours: Socket }> => {
  const accepted: Socket[] = [];
  const server = world.createServer({ allowHalfOpen: true }, (socket) => accepted.push(socket));
  server.listen({ host: '10.0.0.1', port: 3306 });
  const client = simulated.network.connect(CLIENT_HOST, { host: '10.0.0.1', port: 3306 });
  await simulated.scheduler.run();
  return { client, ours: accepted[0]! };
};

t.test('the queues of the kernel show what a client has not taken, has not read, and its FIN', async (t) => {
  const simulated = enter(t);
  const { client, ours } = await connected(simulated);
  const reader = new SocketQueueReader();
  const look = () => fulfilled(t, simulated, reader.lookAt(ours));
  client.pause();
  ours.write(Buffer.alloc(2_000_000));
  await simulated.scheduler.run();
  const far = await look();
  t.match(far, { unreadBytes: null, isClientFull: true, hasClientEnded: false });
  t.ok(far.unacknowledgedBytes! > 0);
  simulated.nearHosts.add(CLIENT_HOST);
  const near = await look();
  t.equal(near.unreadBytes, client.unreadBytes);
  t.ok(near.unreadBytes! > 0);
  client.end();
  client.resume();
  await simulated.scheduler.run();
  t.strictSame(await look(), { unacknowledgedBytes: 0, unreadBytes: 0, isClientFull: false, hasClientEnded: true });
});

t.test('a name resolves, fails, and is slow, as the world says', async (t) => {
  const simulated = enter(t);
  const { names, network, scheduler } = simulated;
  network.listen('10.0.1.1', 3306, () => undefined);
  names.set('db', '10.0.1.1', 4000);
  const told: string[] = [];
  for (const host of ['db', 'nowhere']) {
    world.connect({ host, port: 3306 })
      .on('connect', () => void told.push(`${host} after ${Math.floor(scheduler.nowMs / 1000)} s`))
      .on('error', ({ code }: NodeJS.ErrnoException) => void told.push(`${host} ${code}`));
  }
  await scheduler.run();
  t.strictSame(told, ['nowhere ENOTFOUND', 'db after 4 s']);
});

t.test('a disk without room delays lines, and a full one costs them', async (t) => {
  const simulated = enter(t);
  const { files, scheduler } = simulated;
  const told: string[] = [];
  const sink = new LineSink(world.openFile('/audit', 0, 0), 1024, {
    failed: ({ code }) => void told.push(`failed: ${code}`), dropping: () => void told.push('dropping'),
    recovered: (lines) => void told.push(`recovered after ${lines}`),
  });
  files.disk = 'has no room';
  sink.write('one\n');
  await scheduler.run();
  await scheduler.pass(5000);
  t.equal(files.text('/audit'), 'one\n');
  t.strictSame(told, []);
  files.disk = 'is full';
  sink.write('two\n');
  await scheduler.pass(5000);
  files.disk = 'works';
  sink.write('three\n');
  await scheduler.pass(5000);
  t.strictSame(told, ['failed: ENOSPC', 'dropping', 'recovered after 1']);
  t.equal(files.text('/audit'), 'one\nthree\n');
});

t.test('timers of the program fire in virtual time, in their order', async (t) => {
  const simulated = enter(t);
  const startedAtMs = world.dateMs();
  const told: string[] = [];
  const note = (what: string): void => void told.push(what);
  world.after(50, () => note('late'));
  world.after(10, () => note('first'));
  world.after(10, () => note('second'));
  world.cancel(world.after(20, () => note('cancelled')));
  const ticks = world.every(20, () => {
    note('tick');
    if (world.nowMs() > 70) world.cancel(ticks);
  });
  await fulfilled(t, simulated, sleep(100));
  t.strictSame(told, ['first', 'second', 'tick', 'tick', 'late', 'tick', 'tick']);
  t.ok(world.dateMs() - startedAtMs >= 100);
});
