import { readdirSync, readlinkSync } from 'node:fs';
import t from 'tap';
import { query } from '../support/commandPayloads.js';
import { converseOver, type Pair, PairedServer } from '../support/pairs.js';
import { IN_CLEAR, type Sluice, startSluice } from '../support/sluice.js';
import { answer, ask, login, resultSet, textRow } from '../support/wirePackets.js';
import { BAD_SESSIONS, playBad } from './badSessions.js';
import { SCALE } from './scale.js';

// Many sessions, at once and in turn, good and bad: nothing of them is left in the end.

const CONFIG = {
  ...IN_CLEAR, limits: { rows: 3, bytes: null }, streaming: { signals: [] }, log: { level: 'debug' },
};
const MIB = 1024 * 1024;

/** Good and bad sessions before the first measurement: loaded and compiled code is no leak. */
const WARM_UP = 300;
/**
 * The number of measurements: V8 gives memory of its heap back in steps as it works, so that some work lies between
 * them.
 */
const LOOKS = 10;
const SESSIONS_BETWEEN_LOOKS = 50;

const isSocket = (pid: number, descriptor: string): boolean => {
  try {
    return readlinkSync(`/proc/${pid}/fd/${descriptor}`).startsWith('socket:');
  } catch {
    return false; // closed meanwhile
  }
};

const socketsOf = ({ pid }: Sluice): number =>
  readdirSync(`/proc/${pid}/fd`).filter((descriptor) => isSocket(pid, descriptor)).length;

const ORDINARY = [...login('eof'), ask(query('SELECT 1')), answer(...resultSet('eof', [textRow('1')]))];

class Load {
  private begun = 0;

  private constructor(readonly server: PairedServer, readonly sluice: Sluice) {}

  static async start(t: Parameters<typeof startSluice>[0]): Promise<Load> {
    const server = await PairedServer.listen();
    t.teardown(() => server.stop());
    const load = new Load(server, await startSluice(t, { upstream: server.port, config: CONFIG, collects: true }));
    await load.serve(WARM_UP);
    await load.suffer(WARM_UP);
    await load.untilAllEnded();
    return load;
  }

  pair(): Promise<Pair> {
    this.begun += 1;
    return this.server.pair(this.sluice.port);
  }

  /** Plays this many good sessions. */
  async serve(count: number): Promise<void> {
    for (let i = 0; i < count; i += 1) {
      const pair = await this.pair();
      await converseOver(pair, ORDINARY);
      await leave(pair);
    }
  }

  /** Plays this many bad sessions, one of every kind at a time: some take a while until Sluice closes them. */
  async suffer(count: number): Promise<void> {
    const kinds = Object.values(BAD_SESSIONS);
    for (let begun = 0; begun < count; begun += kinds.length) {
      await Promise.all(kinds.slice(0, count - begun).map(async (kind) => playBad(await this.pair(), kind)));
    }
  }

  /** The least memory in bytes over a while. Stops once it is at most `limit`. */
  async memoryAfterwards(limit: number): Promise<number> {
    let bytes = await this.sluice.collectedBytes();
    for (let look = 1; look < LOOKS && bytes > limit; look += 1) {
      await this.serve(SESSIONS_BETWEEN_LOOKS);
      bytes = await this.sluice.collectedBytes();
    }
    return bytes;
  }

  /** Resolves when the log has the end of every session. */
  async untilAllEnded(): Promise<void> {
    const isEnd = ({ msg }: { readonly msg: string }): boolean => msg === 'session ended';
    while (this.sluice.log().filter(isEnd).length < this.begun) await new Promise((resolve) => setTimeout(resolve, 20));
  }

}

const leave = async ({ client, server }: Pair): Promise<void> => {
  client.socket.end();
  await server.ended();
  server.socket.destroy();
  client.socket.destroy();
};

const load = await Load.start(t);
const [before, socketsBefore] = [await load.sluice.collectedBytes(), socketsOf(load.sluice)];

const inMiB = (bytes: number): string => `${(bytes / MIB).toFixed(1)} MiB`;

await t.test(`${SCALE.idleSessions} idle sessions give back their memory and sockets`, async (t) => {
  const pairs: Pair[] = [];
  for (let i = 0; i < SCALE.idleSessions; i += 1) {
    const pair = await load.pair();
    await converseOver(pair, ORDINARY);
    pairs.push(pair);
  }
  const during = await load.sluice.collectedBytes();
  t.equal(socketsOf(load.sluice), socketsBefore + 2 * SCALE.idleSessions);
  for (const pair of [pairs[0], pairs.at(-1)]) await converseOver(pair!, ORDINARY.slice(-2));
  t.pass('the first and the last one are served');
  for (const pair of pairs) await leave(pair);
  await load.untilAllEnded();
  t.equal(socketsOf(load.sluice), socketsBefore);
  const after = await load.memoryAfterwards(1.2 * before);
  t.ok(after <= 1.2 * before, 'resident memory is back to within 20 %');
  t.comment(`${inMiB(before)} before, ${inMiB(during)} with them, ${inMiB(after)} after them`);
});

await t.test(`${SCALE.badSessions} sessions that end badly give back their memory and sockets`, async (t) => {
  await load.suffer(SCALE.badSessions);
  await load.untilAllEnded();
  t.equal(socketsOf(load.sluice), socketsBefore);
  const after = await load.memoryAfterwards(1.2 * before);
  t.ok(after <= 1.2 * before, 'resident memory is back to within 20 %');
  t.comment(`${inMiB(before)} before, ${inMiB(after)} after them`);
  t.equal(await load.sluice.stop(), 0, 'and the proxy ends by itself');
});
