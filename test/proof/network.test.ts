import { setTimeout as delay } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { socketsOf } from '../fuzz/openSockets.js';
import type { BadLink } from '../support/badLink.js';
import { connectOptions, sysbenchFigure, sysbenchOptions } from '../support/clients.js';
import { type Dump, dump } from '../support/dump.js';
import { type HostsInARow, makeImpatient, startHostsInARow } from '../support/hostsInARow.js';
import { runWithin } from '../support/networkNamespace.js';
import { run } from '../support/run.js';
import { APP, bigTableSql } from '../support/seed.js';
import { commandLineOf, type Server, SERVER_KINDS, type ServerKind, startServer } from '../support/servers.js';
import { type LogLine, type Sluice, startSluice } from '../support/sluice.js';
import { IS_WHOLE, SCALE } from './scale.js';

// Client, Sluice and server on hosts of their own, between which packets are lost, delayed and overtaken, and whose
// cables are cut. What is sent arrives as it was sent, or the session ends, says why, and leaves nothing behind.
//
// When the client's cable is mended after a second, a dump stands for 0.3 to 0.9 s more, be it direct, through a bare
// relay (`a.pipe(b)`) or through Sluice: TCP sends again later and later (0.2 s, doubled each time), and for 2 s where
// that is lost, too. Behind that Sluice needs no more time than a relay: `simulation/world/stalledLink.test.ts`.

const { tableMiB, sysbenchSeconds, threads, unpluggedMs } = SCALE.network;
const BAD = { delayMs: 2, jitterMs: 1, loss: 0.005, reorder: 0.01 } as const;
const TABLES = ['oltp_read_write', '--tables=2', '--table-size=5000', '--rand-type=uniform'];
/** Dumps of 1 GB over bad cables take minutes on a machine with two cores. */
const PATIENCE_MS = 3_600_000;
/** The share of a dump that has come when a cable is unplugged or cut. */
const EARLY = 0.25;
const LATER = 0.6;

/** A server, Sluice in front of it, and the three hosts. */
interface Stage {
  readonly kind: ServerKind;
  readonly hosts: HostsInARow;
  readonly server: Server;
  readonly sluice: Sluice;
  /** The sockets that Sluice has open without a session. */
  readonly idleSockets: number;
  /** The dump on the server's own host. */
  readonly direct: Dump;
}

const setStage = async (t: Test, kind: ServerKind): Promise<Stage> => {
  const hosts = await startHostsInARow(t);
  t.comment(`the cables are bad by ${hosts.clientCable.by}`);
  const server = await startServer(t, kind, ['--bind-address=0.0.0.0'], hosts.server.within);
  await server.sql(bigTableSql(tableMiB));
  await runWithin(hosts.server, ['sysbench', ...TABLES, ...sysbenchOptions(server.port), 'prepare']);
  const sluice = await startSluice(t, {
    upstream: server.port, upstreamHost: hosts.serverAddress, listen: `${hosts.proxyAddress}:0`,
    within: hosts.proxy.within, config: { connections: { keepAlive: '1s' } },
  });
  const direct = await dump(kind, server.port, { within: hosts.server.within });
  const stage = { kind, hosts, server, sluice, idleSockets: socketsOf(sluice.pid), direct };
  for (const cable of [hosts.clientCable, hosts.serverCable]) await cable.set(BAD);
  return stage;
};

const dumpThrough = ({ kind, hosts, sluice }: Stage, onBytes: (bytes: number) => void): Promise<Dump> =>
  dump(kind, sluice.port, { host: hosts.proxyAddress, within: hosts.client.within, onBytes });

/** The command line of sysbench on the client's host. */
const sysbench = ({ hosts, sluice }: Stage, seconds: number): readonly string[] =>
  [...hosts.client.within, 'sysbench', ...TABLES, ...sysbenchOptions(sluice.port),
    `--mysql-host=${hosts.proxyAddress}`, `--threads=${threads}`, `--time=${seconds}`, 'run'];

/** Cuts a cable for a moment, far shorter than the kernels' patience. */
const unplug = async (cable: BadLink): Promise<void> => {
  await cable.cut();
  await delay(unpluggedMs);
  await cable.set(BAD);
};

/** Calls `act` once, when a share of a dump has come. */
const atShare = ({ direct }: Stage, share: number, act: () => Promise<void>): ((bytes: number) => void) => {
  let isDue = true;
  return (bytes) => {
    if (!isDue || bytes < share * direct.bytes) return;
    isDue = false;
    void act();
  };
};

/** Resolves when neither Sluice nor the server has anything left of a client. */
const nothingIsLeft = async ({ server, sluice, idleSockets }: Stage): Promise<void> => {
  for (;;) {
    const processes = await server.sql('SHOW PROCESSLIST');
    const isGone = !processes.some(([, user]) => user === APP.user || user === 'unauthenticated user');
    if (isGone && socketsOf(sluice.pid) === idleSockets) return;
    await delay(50); // no event says when
  }
};

const endsOf = (log: readonly LogLine[]): readonly LogLine[] => log.filter(({ msg }) => msg === 'session ended');

/** A client connects and gets an answer. */
const answers = async (t: Test, { kind, hosts, sluice }: Stage): Promise<void> => {
  const { stdout, stderr } = await run('env', [...hosts.client.within, commandLineOf(kind),
    ...connectOptions(kind, sluice.port), `--host=${hosts.proxyAddress}`, '--batch', '--skip-column-names',
    '--execute=SELECT 42']);
  t.equal(stdout, '42\n', `a new client gets its answer ${stderr}`);
};

const dumpsWhole = (t: Test, stage: Stage): Promise<unknown> =>
  t.test('a dump arrives as it is on the server, although both cables are unplugged for a moment', async (t) => {
    const { clientCable, serverCable } = stage.hosts;
    const early = atShare(stage, EARLY, () => unplug(clientCable));
    const later = atShare(stage, LATER, () => unplug(serverCable));
    const through = await dumpThrough(stage, (bytes) => {
      early(bytes);
      later(bytes);
    });
    t.same(through, stage.direct);
    for (const [name, cable] of Object.entries({ clientCable, serverCable })) {
      const lost = await cable.lostPackets();
      t.ok(lost > 0, `${name} has lost ${lost} packets`);
    }
  });

const benchesWhole = (t: Test, stage: Stage): Promise<unknown> =>
  t.test(`sysbench runs for ${sysbenchSeconds} s without an error and without a lost connection`, async (t) => {
    const { code, stdout, stderr } = await run('env', sysbench(stage, sysbenchSeconds));
    t.equal(code, 0, stderr);
    t.equal(sysbenchFigure(stdout, 'ignored errors'), 0, 'no error');
    t.equal(sysbenchFigure(stdout, 'reconnects'), 0, 'no lost connection');
    const transactions = sysbenchFigure(stdout, 'transactions');
    t.ok(transactions > 0, `${transactions} transactions`);
  });

const endsWithoutServer = (t: Test, stage: Stage): Promise<unknown> =>
  t.test('when the cable to the server is cut during sysbench, its clients get an error', async (t) => {
    const { hosts: { serverCable }, sluice } = stage;
    sluice.takeLog();
    let said = '';
    const { code, stderr } = await run('env', sysbench(stage, 600), {
      onStdout: (chunk) => {
        const wasRunning = said.includes(RUNNING);
        said += chunk.toString();
        if (!wasRunning && said.includes(RUNNING)) void serverCable.cut();
      },
    });
    t.not(code, 0, 'sysbench fails');
    t.match(said + stderr, /2013|Lost connection/, 'and says that the connection is lost');
    await serverCable.set(BAD);
    await nothingIsLeft(stage);
    const ends = endsOf(sluice.log());
    // On a busy machine the kernel of a client, which is as impatient, may give up first: it resets the connection.
    const isClear = ends.every(({ by, reason }) => by === 'upstream' || reason === 'ECONNRESET');
    t.ok(ends.length > 0 && isClear, JSON.stringify(ends));
    t.ok(ends.some(({ by, reason }) => by === 'upstream' && reason === 'ETIMEDOUT'), 'the log says why');
    await answers(t, stage);
  });

/** What sysbench says when its threads begin. */
const RUNNING = 'Threads started!';

const endsWithoutClient = (t: Test, stage: Stage): Promise<unknown> =>
  t.test('when the cable to the client is cut during a dump, the server is not kept', async (t) => {
    const { hosts: { clientCable }, sluice } = stage;
    sluice.takeLog();
    const through = await dumpThrough(stage, atShare(stage, EARLY, () => clientCable.cut()));
    t.not(through.code, 0, 'the dump fails');
    t.match(through.stderr, /2013|Lost connection/, 'and says that the connection is lost');
    await nothingIsLeft(stage);
    t.match(endsOf(sluice.log()), [{ by: 'client', reason: 'ETIMEDOUT' }], 'the log says why');
    await clientCable.set(BAD);
    await answers(t, stage);
  });

const dumpEndsWithoutServer = (t: Test, stage: Stage): Promise<unknown> =>
  t.test('when the cable to the server is cut during a dump, its client gets an error', async (t) => {
    const { hosts: { serverCable }, sluice } = stage;
    sluice.takeLog();
    const through = await dumpThrough(stage, atShare(stage, EARLY, () => serverCable.cut()));
    t.not(through.code, 0, 'the dump fails');
    t.match(through.stderr, /2013|Lost connection/, 'and says that the connection is lost');
    await serverCable.set(BAD);
    await nothingIsLeft(stage);
    t.match(endsOf(sluice.log()), [{ by: 'upstream', reason: 'ETIMEDOUT' }], 'the log says why');
    await answers(t, stage);
  });

if (IS_WHOLE) t.setTimeout(PATIENCE_MS);
else t.jobs = SERVER_KINDS.length;
for (const kind of SERVER_KINDS) {
  void t.test(`over bad cables, with ${kind}`, { buffered: true }, async (t) => {
    const stage = await setStage(t, kind);
    await dumpsWhole(t, stage);
    await benchesWhole(t, stage);
    await makeImpatient(stage.hosts);
    await endsWithoutServer(t, stage);
    await endsWithoutClient(t, stage);
    // Keep-alive finds it, after eleven seconds.
    if (IS_WHOLE) await dumpEndsWithoutServer(t, stage);
    t.equal(await stage.sluice.stop(), 0);
    t.equal(stage.sluice.complaint(), '');
  });
}
