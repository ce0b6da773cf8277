import t, { type Test } from 'tap';
import type { QueueView } from '../../../src/relay/pace/clientLook.js';
import { SendWindow } from '../../../src/relay/window/sendWindow.js';
import type { SocketQueues } from '../../../src/relay/pace/socketQueues.js';
import { changeWorld } from '../../support/changeWorld.js';
import { type FakeTimers, fakeTimers } from '../../support/fakeTimers.js';

const KIB = 1024;
const STEP_BYTES = 8 * KIB;

/** A client whose looks the test answers. */
class Client implements QueueView {
  readonly pendingBytes = 0;
  intervalMs = 50;
  readonly isServerFar: boolean;
  nowMs = 1000;
  writtenBytes = 0;
  readonly changes: boolean[] = [];
  readonly window: SendWindow;
  private asked: ((queues: SocketQueues) => void) | null = null;
  private onAsk: () => void = () => undefined;

  constructor(t: Test, isServerFar = false) {
    this.isServerFar = isServerFar;
    changeWorld(t, { nowMs: () => this.nowMs });
    this.window = new SendWindow(this, (isShut) => this.changes.push(isShut));
    t.teardown(() => this.window.close());
  }

  look(): Promise<SocketQueues> {
    return new Promise((resolve) => {
      this.asked = resolve;
      this.onAsk();
    });
  }

  get isLookedAt(): boolean {
    return this.asked !== null;
  }

  /** Writes up to this many bytes in pieces of a read, until the window shuts. */
  write(bytes: number): void {
    const toBytes = this.writtenBytes + bytes;
    while (this.writtenBytes < toBytes && !this.window.isShut) {
      this.piece(Math.min(STEP_BYTES, toBytes - this.writtenBytes));
    }
  }

  /** Writes up to this many bytes over several steps, until a look is under way. */
  async writeSteps(bytes: number): Promise<void> {
    const toBytes = this.writtenBytes + bytes;
    while (this.writtenBytes < toBytes && !this.isLookedAt) {
      this.write(toBytes - this.writtenBytes);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  /** Waits for the next step. */
  async step(): Promise<void> {
    while (this.window.isShut) await new Promise((resolve) => setTimeout(resolve, 1));
  }

  /** Waits for a look, and answers it this many ms after the last one. */
  async see(
    queuedBytes: number | null, unreadBytes: number | null = null, afterMs = 50,
    isClientFull = queuedBytes !== null && queuedBytes > 0,
  ): Promise<void> {
    if (this.asked === null) await new Promise<void>((resolve) => (this.onAsk = resolve));
    this.nowMs += afterMs;
    const { asked } = this;
    this.asked = null;
    asked!({ unacknowledgedBytes: queuedBytes, unreadBytes, isClientFull, hasClientEnded: false });
    await null;
    await null;
  }

  private piece(bytes: number): void {
    this.writtenBytes += bytes;
    this.window.wrote(this.writtenBytes);
  }
}

for (const [server, isServerFar, freeBytes] of [['here', false, 64 * KIB], ['elsewhere', true, 48 * KIB]] as const) {
  t.test(`does not look for the first ${freeBytes / KIB} KiB of a response of a server ${server}`, (t) => {
    const client = new Client(t, isServerFar);
    for (let response = 0; response < 100; response += 1) {
      client.window.restart();
      client.write(freeBytes - 1);
      client.nowMs += 10_000;
    }
    t.notOk(client.isLookedAt);
    t.strictSame(client.changes, []);
    client.write(1);
    t.ok(client.isLookedAt);
    t.end();
  });
}

t.test('reads the first 64 KiB of a response in large pieces, and not a byte more with them', (t) => {
  const client = new Client(t);
  for (let response = 0; response < 3; response += 1) {
    client.window.restart();
    t.equal(client.window.readBytes, 64 * KIB);
    client.write(40 * KIB);
    t.equal(client.window.readBytes, 24 * KIB);
    client.write(20 * KIB);
    t.equal(client.window.readBytes, STEP_BYTES);
    client.nowMs += 10_000;
  }
  t.end();
});

t.test('reads a response like the last one, which the client took at once, in large pieces', (t) => {
  const client = new Client(t);
  client.write(64 * KIB);
  client.window.restart();
  client.write(56 * KIB);
  t.equal(client.window.readBytes, 64 * KIB);
  t.end();
});

t.test('grants everything after three looks that find nothing unread', async (t) => {
  const client = new Client(t);
  client.write(64 * KIB);
  await client.see(0, 0, 2);
  client.write(80 * KIB);
  t.equal(client.writtenBytes, 144 * KIB, 'the first one lets all out at once');
  await client.see(0, 0, 2);
  client.write(2 * 1024 * KIB);
  await client.see(0, 0, 2);
  client.write(1024 * 1024 * KIB);
  t.equal(client.writtenBytes, 144 * KIB + 2 * 1024 * KIB + 1024 * 1024 * KIB);
  t.notOk(client.isLookedAt);
  t.equal(client.window.readBytes, Infinity);
});

t.test('grants more at each look that finds little sent and all of it read, until that proves a fast ' +
  'client', async (t) => {
  const client = new Client(t);
  client.nowMs += 500;
  client.write(64 * KIB);
  await client.see(0, 0, 2);
  client.write(1024 * KIB);
  t.equal(client.writtenBytes, 64 * KIB, 'a step is under way');
  for (let look = 0; look < 3; look += 1) {
    await client.writeSteps(1024 * KIB);
    await client.see(0, 0, 500);
  }
  t.ok(client.window.readBytes <= 16 * KIB, 'it is no proof yet');
  while (client.window.readBytes <= 16 * KIB) {
    await client.writeSteps(8 * 1024 * KIB);
    await client.see(0, 0, 500);
  }
  t.ok(client.writtenBytes < 8 * 1024 * KIB);
});

t.test('makes up for at most 8 ms of a step that comes late', async (t) => {
  const client = new Client(t);
  client.write(64 * KIB);
  await client.see(0, null, 1);
  client.write(8 * KIB);
  await client.step();
  client.write(8 * KIB);
  client.nowMs += 500;
  await client.step();
  const writtenBytes = client.writtenBytes;
  client.write(1024 * KIB);
  t.equal(client.writtenBytes - writtenBytes, 9 * STEP_BYTES);
});

t.test('doubles what goes out freely for a client that soon asked for more after 100 KiB', async (t) => {
  const client = new Client(t);
  client.window.restart();
  client.write(64 * KIB);
  await client.see(0, 0, 2);
  client.write(36 * KIB);
  client.nowMs += 20;
  client.window.restart();
  client.write(1024 * 1024 * KIB);
  t.equal(client.writtenBytes, 300 * KIB);
  t.ok(client.isLookedAt);
});

t.test('a step of the last response does not stop the next one', async (t) => {
  const client = new Client(t);
  client.write(72 * KIB);
  t.ok(client.window.isShut);
  client.window.restart();
  client.write(64 * KIB - 1);
  t.equal(client.writtenBytes, 128 * KIB - 1);
  await client.see(0, 0, 2);
  t.notOk(client.isLookedAt, 'what was asked before says nothing of it');
});

t.test('grants everything when the queue cannot be seen', async (t) => {
  const client = new Client(t);
  client.write(64 * KIB);
  await client.see(null);
  client.write(1024 * KIB);
  t.equal(client.writtenBytes, 64 * KIB + 1024 * KIB);
});

t.test('lets 8 KiB out at a time after the first 64 KiB until a client elsewhere is known to read', async (t) => {
  const client = new Client(t);
  client.write(1024 * KIB);
  await client.see(0, null, 1);
  client.write(1024 * KIB);
  t.equal(client.writtenBytes, 64 * KIB);
  await client.step();
  client.write(1024 * KIB);
  t.equal(client.writtenBytes, 72 * KIB);
  while (client.window.readBytes === STEP_BYTES) {
    await client.writeSteps(1024 * KIB);
    await client.see(0, null, 5);
  }
  t.ok(client.writtenBytes >= 160 * KIB, 'more than its kernel takes of itself');
  t.ok(client.writtenBytes <= 256 * KIB);
});

for (const { server, isServerFar, bytesIn8Ms } of [
  { server: 'on this host', isServerFar: false, bytesIn8Ms: 8 * STEP_BYTES },
  { server: 'on another host', isServerFar: true, bytesIn8Ms: 2 * STEP_BYTES },
]) {
  t.test(`lets ${bytesIn8Ms / KIB} KiB out within 8 ms to a client not known to read, from a server ${server}`, (t) => {
    const timers = fakeTimers(t);
    const client = new Client(t, isServerFar);
    client.write(64 * KIB);
    const writtenBytes = client.writtenBytes;
    for (let ms = 0; ms < 8; ms += 1) {
      client.nowMs += 1;
      timers.pass(1);
      client.write(1024 * KIB);
    }
    t.ok(client.writtenBytes - writtenBytes <= bytesIn8Ms, `${(client.writtenBytes - writtenBytes) / KIB} KiB`);
    t.ok(client.writtenBytes - writtenBytes >= bytesIn8Ms - STEP_BYTES, 'and no less');
    t.end();
  });
}

/** A client that was found slow. Its kernel has not taken all that was written. */
const slowClient = async (t: Test): Promise<Client> => {
  const client = new Client(t);
  client.write(64 * KIB);
  for (let look = 0; look < 4; look += 1) {
    await client.see(client.writtenBytes - 64 * KIB, null, 5);
    await client.writeSteps(1024 * KIB);
  }
  await client.see(client.writtenBytes - 70 * KIB, null, 20);
  return client;
};

t.test('is at most 160 KiB ahead of a reader when it finds it slow', async (t) => {
  const client = await slowClient(t);
  t.ok(client.writtenBytes <= (64 + 160) * KIB, `${client.writtenBytes / KIB} KiB`);
});

t.test('writes nothing to a slow reader while more than its window waits, and little once less does', async (t) => {
  const client = await slowClient(t);
  const { writtenBytes } = client;
  client.write(1024 * KIB);
  t.ok(client.window.isShut);
  t.ok(client.writtenBytes - writtenBytes <= 32 * KIB);
  t.ok(client.window.readBytes <= 16 * KIB, 'it is read for in small pieces');
  await client.see(client.writtenBytes - 70 * KIB);
  t.equal(client.writtenBytes - writtenBytes <= 32 * KIB, true);
});

t.test('sends nine tenths of what a slow reader takes, so that the server never waits for the rest', async (t) => {
  const client = await slowClient(t);
  const { writtenBytes } = client;
  for (let look = 1; look <= 20; look += 1) {
    await client.see(client.writtenBytes - 70 * KIB - look * 16 * KIB);
    await client.writeSteps(64 * KIB);
  }
  t.ok(client.writtenBytes - writtenBytes >= 0.85 * 20 * 16 * KIB, `${(client.writtenBytes - writtenBytes) / KIB} KiB`);
});

t.test('keeps at most 128 KiB and a step waiting for a slow reader', async (t) => {
  const client = await slowClient(t);
  let takenBytes = 70 * KIB;
  for (let look = 0; look < 40; look += 1) {
    takenBytes += 16 * KIB;
    await client.see(Math.max(0, client.writtenBytes - takenBytes));
    await client.writeSteps(64 * KIB);
  }
  t.ok(client.writtenBytes - takenBytes <= 128 * KIB + STEP_BYTES, `${client.writtenBytes - takenBytes} bytes wait`);
});

t.test('grants more and more to a slow reader that keeps up from then on', async (t) => {
  const client = await slowClient(t);
  for (let look = 0; look < 12 && client.window.readBytes !== Infinity; look += 1) {
    await client.see(0, null, 20);
    await client.writeSteps(16 * 1024 * KIB);
  }
  t.equal(client.window.readBytes, Infinity);
});

/** A client that takes this many bytes per ms, at a time that passes only for the test. */
class SteadyClient {
  readonly client: Client;
  takenBytes = 0;
  private readonly timers: FakeTimers;

  constructor(t: Test, private readonly bytesPerMs: number) {
    this.timers = fakeTimers(t);
    this.client = new Client(t);
  }

  get queuedBytes(): number {
    return this.client.writtenBytes - this.takenBytes;
  }

  /** @param isSeen whether the looks of this time are answered, at once */
  async readFor(ms: number, isSeen: boolean): Promise<void> {
    const { client, timers } = this;
    for (let passedMs = 0; passedMs < ms; passedMs += 1) {
      client.write(1024 * KIB);
      this.takenBytes = Math.min(client.writtenBytes, this.takenBytes + this.bytesPerMs);
      if (isSeen && client.isLookedAt) await client.see(this.queuedBytes, null, 0);
      client.nowMs += 1;
      timers.pass(1);
    }
  }
}

t.test('sends on at the rate of a slow reader while a look at it is late', async (t) => {
  const reader = new SteadyClient(t, KIB);
  await reader.readFor(1000, true);
  const { takenBytes } = reader;
  await reader.readFor(2000, false);
  t.ok(reader.client.isLookedAt, 'the look takes all this time');
  t.ok(reader.takenBytes - takenBytes >= 0.85 * 2000 * KIB, `${(reader.takenBytes - takenBytes) / KIB} KiB`);
  t.ok(reader.queuedBytes <= 256 * KIB, `${reader.queuedBytes / KIB} KiB wait`);
});

t.test('does not take a slow reader for a fast one when it has read the little that came', async (t) => {
  const reader = new SteadyClient(t, KIB);
  await reader.readFor(1000, true);
  for (let look = 0; look < 20; look += 1) {
    await reader.readFor(1000, false);
    await reader.readFor(20, true);
    t.not(reader.client.window.readBytes, Infinity);
  }
  t.ok(reader.queuedBytes <= 2048 * KIB, `${reader.queuedBytes / KIB} KiB wait`);
});

t.test('starts again with a fast client when its socket is full and it takes little', async (t) => {
  const client = new Client(t);
  client.write(64 * KIB);
  await client.see(null);
  t.equal(client.window.readBytes, Infinity);
  client.window.filled();
  t.notOk(client.isLookedAt, 'what cannot be seen is not looked at again');

  const fast = new Client(t);
  for (const bytes of [64 * KIB, 96 * KIB, 2 * 1024 * KIB]) {
    fast.write(bytes);
    await fast.see(0, 0, 2);
  }
  fast.nowMs += 2000;
  fast.write(4096 * KIB);
  fast.window.filled();
  await fast.see(4000 * KIB, null, 0);
  await fast.see(3990 * KIB, null, 30);
  fast.write(4096 * KIB);
  t.ok(fast.window.isShut);
  t.ok(fast.writtenBytes < 6400 * KIB);
});

t.test('lets more and more out to a client that takes it while looks are rare', (t) => {
  const timers = fakeTimers(t);
  const bytesWithin200Ms = (intervalMs: number): number => {
    const client = new Client(t);
    client.intervalMs = intervalMs;
    for (let ms = 0; ms < 200; ms += 1) {
      client.write(16 * 1024 * KIB);
      client.nowMs += 1;
      timers.pass(1);
    }
    t.ok(client.isLookedAt, 'the look takes all this time');
    return client.writtenBytes;
  };
  t.ok(bytesWithin200Ms(999) < 2 * 1024 * KIB, 'in small pieces where a look is soon due again');
  t.ok(bytesWithin200Ms(1000) > 16 * 1024 * KIB, 'freely where it is not');
  t.end();
});

t.test('looks less and less often at a client that takes nothing', async (t) => {
  const client = await slowClient(t);
  await client.writeSteps(64 * KIB);
  const queuedBytes = client.writtenBytes - 70 * KIB;
  const { nowMs } = client;
  for (let look = 0; look < 3; look += 1) await client.see(queuedBytes, null, 50 * 2 ** look);
  t.ok(client.nowMs - nowMs >= 300);
  t.ok(client.window.isShut);
});

/** A client that has read 64 MiB quickly, and whose socket is full now. */
const filledClient = async (t: Test): Promise<Client> => {
  const client = new Client(t);
  for (const bytes of [64 * KIB, 96 * KIB, 2 * 1024 * KIB]) {
    client.write(bytes);
    await client.see(0, 0, 2);
  }
  client.nowMs += 20_000;
  client.write(64 * 1024 * KIB);
  client.window.filled();
  return client;
};

t.test('a client that falls behind after a fast start waits for one step, however much has gone out before', async (t) => {
  const timers = fakeTimers(t);
  const client = await filledClient(t);
  await client.see(200 * KIB, null, 0);
  timers.pass(20);
  await client.see(150 * KIB, null, 20);
  client.write(STEP_BYTES);
  t.ok(client.window.isShut, 'a step is under way');
  timers.pass(50);
  t.notOk(client.window.isShut, 'the longest step of a piece is over');
});

t.test('does not take a client for a slow reader because its network stalls, and looks less and less often', async (t) => {
  const timers = fakeTimers(t);
  const client = await filledClient(t);
  let looks = 0;
  for (let ms = 0; ms < 10_000; ms += 1) {
    if (client.isLookedAt) {
      looks += 1;
      await client.see(200 * KIB, null, 0, false);
    }
    client.nowMs += 1;
    timers.pass(1);
  }
  t.ok(looks <= 60, `${looks} looks within ten seconds`);
  for (; !client.isLookedAt; timers.pass(1)) client.nowMs += 1;
  await client.see(200 * KIB, null, 0, false);
  timers.pass(1000);
  await client.see(0, null, 20);
  t.ok(client.window.readBytes > STEP_BYTES, 'the server is read in large pieces');
  t.notOk(client.window.isShut);
});
