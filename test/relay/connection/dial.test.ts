import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { pipeline } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { DemoClient } from '../../../src/demo/client.js';
import { startDemoServer } from '../../../src/demo/server.js';
import { freePort } from '../../support/freePort.js';
import { type ProxyHere, startProxyHere } from '../../support/inProcess.js';
import { login } from '../../support/wirePackets.js';

// Several servers, the first of which fails. The last one is the embedded server.

const demo = await startDemoServer();
t.teardown(() => demo.close());
const demoPort = demo.address.port;

/** Listens on loopback; returns the port. */
const serve = async (t: Test, onConnection: (socket: Socket) => void): Promise<number> => {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    onConnection(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
};

/** A server whose kernel drops every further connection, since its queue is full. */
const blackHole = async (t: Test): Promise<number> => {
  const script = `require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, function () {
    require('node:fs').writeSync(1, String(this.address().port));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  })`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.teardown(() => child.kill('SIGKILL'));
  const [said]: unknown[] = await once(child.stdout, 'data');
  const port = Number(String(said));
  // The queue holds one connection more than the backlog.
  for (let count = 0; count < 2; count += 1) {
    const waiting = connect(port, '127.0.0.1');
    t.teardown(() => waiting.destroy());
    await once(waiting, 'connect');
  }
  return port;
};

const startWith = async (t: Test, ports: readonly number[], connections: object): Promise<ProxyHere> => {
  const upstream = ports.map((port) => ({ host: '127.0.0.1', port, tls: { mode: 'off' } }));
  const here = await startProxyHere(0, { upstream, connections });
  t.teardown(() => here.stop());
  return here;
};

const askDemo = async (port: number): Promise<number> => {
  const client = await DemoClient.connect({ host: '127.0.0.1', port, user: 'demo', schema: 'demo', program: 'test' });
  const { rows } = await client.query('SELECT * FROM rows_10');
  client.close();
  return rows;
};

interface Unwell {
  readonly listen: (t: Test) => Promise<number>;
  readonly reason: RegExp;
  readonly kind: string;
}

const UNWELL: Record<string, Unwell> = {
  'accepts and says nothing': {
    listen: (t) => serve(t, () => {}), reason: /did not greet within 200 ms/, kind: 'silent',
  },
  'says only half a greeting': {
    listen: (t) => serve(t, (socket) => socket.write('\x4a\0\0\0\x0a8.0.0')), reason: /did not greet within 200 ms/,
    kind: 'silent',
  },
  'never accepts': { listen: blackHole, reason: /did not accept the connection within 200 ms/, kind: 'unreachable' },
  'refuses connections': { listen: () => freePort(), reason: /ECONNREFUSED/, kind: 'unreachable' },
  'closes without a greeting': {
    listen: (t) => serve(t, (socket) => socket.end()), reason: /closed the connection without a greeting/,
    kind: 'closed',
  },
  'resets without a greeting': {
    // A moment later, since the connection would otherwise be lost before it is seen.
    listen: (t) => serve(t, (socket) => void delay(20).then(() => socket.resetAndDestroy())),
    reason: /before its greeting: ECONNRESET/, kind: 'closed',
  },
};

for (const [what, { listen, reason, kind }] of Object.entries(UNWELL)) {
  await t.test(`takes the next server when the first ${what}, and takes that one first from then on`, async (t) => {
    const bad = await listen(t);
    const here = await startWith(t, [bad, demoPort], { handshakeTimeout: '600ms' });
    for (let i = 0; i < 3; i += 1) t.equal(await askDemo(here.port), 10);
    const failures = [...here.metrics.upstreamFailures.all()].filter(({ count }) => count > 0);
    t.strictSame(
      failures, [{ labels: { upstream: `127.0.0.1:${bad}`, reason: kind }, count: 1 }], 'only one client has tried it',
    );
    t.strictSame([...here.metrics.upstreamUp.all()].map(({ count }) => count), [0, 1]);
    const warnings = here.log.filter(({ level }) => level === 'warn');
    t.equal(warnings.length, 1);
    t.match(warnings, [{ upstream: `127.0.0.1:${bad}`, msg: reason }]);
  });
}

await t.test('takes a server that is slow to greet when no other greets before it', async (t) => {
  let greet = (): void => {};
  const hasFailed = new Promise<void>((resolve) => (greet = resolve));
  const slow = await serve(
    t, (socket) => void hasFailed.then(() => pipeline(socket, connect(demoPort, '127.0.0.1'), socket, () => {})),
  );
  const here = await startWith(t, [slow, await freePort()], { handshakeTimeout: '3s' });
  const asked = askDemo(here.port);
  while (!here.log.some(({ msg }) => msg.includes('ECONNREFUSED'))) await delay(10);
  greet();
  t.equal(await asked, 10);
  t.match(
    here.log.filter(({ level }) => level === 'warn'),
    [{ msg: /did not greet within 1000 ms/ }, { msg: /ECONNREFUSED/ }],
  );
  t.ok(here.log.some(({ msg }) => msg === `the upstream server 127.0.0.1:${slow} greets again`));
});

await t.test('names every server in the error for a client when none greets', async (t) => {
  const silent = await serve(t, () => {});
  const here = await startWith(t, [silent, await freePort()], { handshakeTimeout: '300ms' });
  const error = await askDemo(here.port).catch(String);
  t.match(error, /ECONNREFUSED; the upstream server 127\.0\.0\.1:\d+ did not greet within 300 ms/);
  t.equal(here.proxy.sessionCount, 0);
});

await t.test('waits for a greeting that comes byte by byte, and relays it unchanged', async (t) => {
  const slow = await serve(t, (socket) => {
    const server = connect(demoPort, '127.0.0.1');
    socket.pipe(server);
    server.once('data', async (greeting: Buffer) => {
      for (const byte of greeting) {
        socket.write(Buffer.from([byte]));
        await delay(1);
      }
      server.pipe(socket);
    });
  });
  const here = await startWith(t, [slow], {});
  t.equal(await askDemo(here.port), 10);
});

await t.test('lists a client that waits for a greeting as a session in state connecting', async (t) => {
  const here = await startWith(t, [await serve(t, () => {})], {});
  const client = connect(here.port, '127.0.0.1');
  t.teardown(() => client.destroy());
  await once(client, 'connect');
  while (here.proxy.sessionCount === 0) await delay(1);
  t.equal(here.proxy.status().openSessions, 1);
  t.match([...here.proxy.sessionViews(0) as Iterable<object>], [
    { session: 1, client: `127.0.0.1:${client.localPort}`, state: 'connecting', user: '', command: null },
  ]);
});

await t.test('ends the session of a client that leaves before the greeting at once', async (t) => {
  const here = await startWith(t, [await serve(t, () => {})], {});
  const client = connect(here.port, '127.0.0.1');
  await once(client, 'connect');
  const address = `127.0.0.1:${client.localPort}`;
  while (here.proxy.sessionCount === 0) await delay(1);
  client.end();
  t.match(await here.ended(address), { by: 'client', reason: 'closed', level: 'debug' });
  t.equal(here.proxy.sessionCount, 0);
});

await t.test('relays what a client says before the greeting', async (t) => {
  const [greeting, answer] = login('eof').map(({ bytes }) => bytes) as [Buffer, Buffer];
  let greet = (): void => {};
  const isToGreet = new Promise<void>((resolve) => (greet = resolve));
  let heard = Buffer.alloc(0);
  const server = await serve(t, (socket) => {
    socket.on('data', (chunk: Buffer) => (heard = Buffer.concat([heard, chunk])));
    void isToGreet.then(() => socket.write(greeting));
  });
  const here = await startWith(t, [server], {});
  const client = connect(here.port, '127.0.0.1');
  t.teardown(() => client.destroy());
  client.write(answer);
  while (here.proxy.sessionCount === 0) await delay(1);
  await delay(50); // no event says when it was read
  greet();
  while (heard.length < answer.length) await delay(1);
  t.ok(heard.equals(answer));
});
