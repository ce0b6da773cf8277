import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { converseOver, PairedProxy } from '../support/pairs.js';
import { login } from '../support/wirePackets.js';

// An end that vanishes without a word is noticed by the kernel, which asks an idle peer whether it is still there.

/**
 * How /proc/net/tcp says which timer of a socket is running: keep-alive, on a connection that waits for nothing else.
 */
const KEEP_ALIVE_TIMER = '02';
/** The kernel counts time in hundredths of a second there. */
const MS_PER_TICK = 10;

const hexPort = (port: number | undefined): string => (port ?? 0).toString(16).toUpperCase().padStart(4, '0');

/** Of a connection on which something is on its way, as an acknowledgement that the peer may take its time with. */
const RETRANSMISSION_TIMER = '01';

/** The running timer of the socket with these ports, and in how many ms it is due. */
const timerOf = (localPort: number | undefined, remotePort: number | undefined): { timer: string; dueMs: number } => {
  const ends = `0100007F:${hexPort(localPort)} 0100007F:${hexPort(remotePort)}`;
  const row = readFileSync('/proc/net/tcp', 'utf8').split('\n').find((line) => line.includes(`: ${ends} `));
  if (row === undefined) throw new Error(`no socket ${ends}`);
  const [timer = '', due = ''] = row.trim().split(/\s+/)[5]?.split(':') ?? [];
  return { timer, dueMs: parseInt(due, 16) * MS_PER_TICK };
};

/** The timer of a connection on which nothing is on its way any more. */
const idleTimerOf = async (localPort: number | undefined, remotePort: number | undefined) => {
  for (;;) {
    const found = timerOf(localPort, remotePort);
    if (found.timer !== RETRANSMISSION_TIMER) return found;
    await delay(10); // the kernel tells nobody
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
