import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { converseOver, PairedProxy } from '../support/pairs.js';
import { login } from '../support/wirePackets.js';

// The kernel notices an end that vanishes silently: it probes idle connections.

/** The keep-alive timer in /proc/net/tcp, which runs when the connection waits for nothing else. */
const KEEP_ALIVE_TIMER = '02';
/** The unit of time in /proc/net/tcp is 10 ms. */
const MS_PER_TICK = 10;

const hexPort = (port: number | undefined): string => (port ?? 0).toString(16).toUpperCase().padStart(4, '0');

/** The timer of a connection with unacknowledged bytes; an acknowledgement may come late. */
const RETRANSMISSION_TIMER = '01';

/** The running timer of the socket with these ports, and the ms until it expires. */
const timerOf = (localPort: number | undefined, remotePort: number | undefined): { timer: string; dueMs: number } => {
  const ends = `0100007F:${hexPort(localPort)} 0100007F:${hexPort(remotePort)}`;
  const row = readFileSync('/proc/net/tcp', 'utf8').split('\n').find((line) => line.includes(`: ${ends} `));
  if (row === undefined) throw new Error(`no socket ${ends}`);
  const [timer = '', due = ''] = row.trim().split(/\s+/)[5]?.split(':') ?? [];
  return { timer, dueMs: parseInt(due, 16) * MS_PER_TICK };
};

/** The timer of a connection once all its bytes are acknowledged. */
const idleTimerOf = async (localPort: number | undefined, remotePort: number | undefined) => {
  for (;;) {
    const found = timerOf(localPort, remotePort);
    if (found.timer !== RETRANSMISSION_TIMER) return found;
    await delay(10); // no event says when
  }
};

await t.test('the kernel probes idle connections to client and server after the configured time', async (t) => {
  for (const [keepAlive, keepAliveMs] of [['30s', 30_000], ['2h', 7_200_000]] as const) {
    const proxy = await PairedProxy.start({ connections: { keepAlive } });
    t.teardown(() => proxy.stop());
    const pair = await proxy.pair();
    await converseOver(pair, login('eof'));
    const connections = {
      client: await idleTimerOf(proxy.here.port, pair.client.socket.localPort),
      upstream: await idleTimerOf(pair.server.socket.remotePort, pair.server.socket.localPort),
    };
    for (const [peer, { timer, dueMs }] of Object.entries(connections)) {
      t.equal(timer, KEEP_ALIVE_TIMER, `${peer}, ${keepAlive}: it is watched`);
      t.ok(dueMs <= keepAliveMs && dueMs > keepAliveMs - 25_000, `${peer}, ${keepAlive}: at the right time`, { dueMs });
    }
  }
});
