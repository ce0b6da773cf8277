import t from 'tap';
import { Network } from './network.js';
import type { NetEnd } from './netEnd.js';
import { Random } from './random.js';
import { Scheduler } from './scheduler.js';

/** Two models and a connection between them, in a network of a seed's. */
const scene = (seed: number) => {
  const random = new Random(seed);
  const scheduler = new Scheduler(random.fork('scheduler'));
  const network = new Network(scheduler, random.fork('network'));
  const heard = { client: [] as Buffer[], server: [] as Buffer[], events: [] as string[] };
  const listen = (name: 'client' | 'server', end: NetEnd): void => {
    end.onBytes = (bytes) => void heard[name].push(bytes);
    end.onEnd = () => void heard.events.push(`${name} hears an end`);
    end.onClosed = (how) => void heard.events.push(`${name} is ${how}`);
  };
  let server: NetEnd | null = null;
  network.listen('10.0.1.1', 3306, (end) => {
    server = end;
    listen('server', end);
  });
  const client = network.connect('10.0.2.1', { host: '10.0.1.1', port: 3306 });
  listen('client', client);
  return { random, scheduler, network, client, heard, get server(): NetEnd { return server!; } };
};

const SEEDS = Array.from({ length: 10 }, (_, seed) => seed);

t.test('brings all bytes in their order, however they are split', async (t) => {
  for (const seed of SEEDS) {
    const { random, scheduler, client, heard } = scene(seed);
    const bytes = random.bytes(100_000);
    for (let at = 0; at < bytes.length;) {
      const next = at + random.between(1, 20_000);
      client.write(bytes.subarray(at, next));
      at = next;
    }
    client.end();
    t.equal(await scheduler.run(), 'quiet');
    t.ok(Buffer.concat(heard.server).equals(bytes), `seed ${seed}`);
    t.ok(heard.server.length > 5);
    t.strictSame(heard.events, ['server hears an end']);
  }
});

t.test('lets one end continue after the other has ended, and closes when both have', async (t) => {
  const one = scene(1);
  one.client.end();
  await one.scheduler.run();
  one.server.write(Buffer.from('still here'));
  one.server.end();
  await one.scheduler.run();
  t.equal(Buffer.concat(one.heard.client).toString(), 'still here');
  t.strictSame(one.heard.events.sort(), [
    'client hears an end', 'client is closed', 'server hears an end', 'server is closed',
  ]);
  t.ok([...one.network.links].every(({ isGone }) => isGone));
});

t.test('takes no more than both kernels hold while the other end does not read', async (t) => {
  const one = scene(3);
  await one.scheduler.run();
  one.server.pause();
  one.client.write(Buffer.alloc(4 * 1024 * 1024));
  await one.scheduler.run();
  const { pendingBytes } = one.client;
  t.ok(pendingBytes > 3 * 1024 * 1024, `${pendingBytes} bytes are left`);
  t.ok(one.server.unreadBytes > 0);
  const [link] = one.network.links;
  t.equal(link!.from.isProbing, true);
  one.server.resume();
  await one.scheduler.run();
  t.equal(Buffer.concat(one.heard.server).length, 4 * 1024 * 1024);
  t.equal(link!.from.unacknowledgedBytes, 0);
});

t.test('lets what came before a reset be read, and then the reset', async (t) => {
  const one = scene(2);
  await one.scheduler.run();
  one.client.pause();
  one.server.write(Buffer.from('last words'));
  await one.scheduler.run();
  one.server.reset();
  one.client.resume();
  await one.scheduler.run();
  t.equal(Buffer.concat(one.heard.client).toString(), 'last words');
  t.strictSame(one.heard.events, ['client is reset']);
});

t.test('resets a connection of which an end closes with something unread', async (t) => {
  const one = scene(2);
  await one.scheduler.run();
  one.server.pause();
  one.client.write(Buffer.from('unread'));
  await one.scheduler.run();
  one.server.close();
  await one.scheduler.run();
  t.strictSame(one.heard.events, ['client is reset']);
});

t.test('keeps what is sent during a stall, and loses what is sent after a cut', async (t) => {
  const one = scene(4);
  await one.scheduler.run();
  one.client.link.stall(5000);
  one.client.write(Buffer.from('late'));
  await one.scheduler.run();
  t.ok(one.scheduler.nowMs >= 5000);
  t.equal(Buffer.concat(one.heard.server).toString(), 'late');
  one.client.link.cut();
  one.client.write(Buffer.from('lost'));
  await one.scheduler.run({ untilMs: 10_000_000 });
  t.equal(Buffer.concat(one.heard.server).toString(), 'late');
});

t.test('refuses a connection when nobody listens, and gives up one that nobody answers', async (t) => {
  const { network, scheduler } = scene(5);
  network.become('10.0.1.8', 'is silent');
  const endedAtMs = new Map<string, number>();
  for (const host of ['10.0.1.9', '10.0.1.8']) {
    network.connect('10.0.2.1', { host, port: 3306 }).onClosed = () => endedAtMs.set(host, scheduler.nowMs);
  }
  await scheduler.run();
  t.ok(endedAtMs.get('10.0.1.9')! < 1000);
  t.ok(endedAtMs.get('10.0.1.8')! > 100_000);
});
