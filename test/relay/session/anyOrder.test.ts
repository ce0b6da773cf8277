import t, { type Test } from 'tap';
import type { Killer } from '../../../src/control/killer.js';
import { Command } from '../../../src/protocol/commands.js';
import { Status } from '../../../src/protocol/status.js';
import { command, query } from '../../support/commandPayloads.js';
import { fakeTimers, type FakeTimers } from '../../support/fakeTimers.js';
import type { ProxySettings } from '../../support/inProcess.js';
import { result } from '../../support/memoryResults.js';
import { settled } from '../../support/memorySocket.js';
import { beginSession, type MemorySession, NOTHING_LEFT } from '../../support/memorySession.js';
import { Random } from '../../support/random.js';
import { err, login, ok, packetsFrom } from '../../support/wirePackets.js';

// Properties of a session that hold for events in any order.

const SESSIONS = 150;
const STEPS = 14;
const LATEST_MS = 120_000;
/** The timer for stalled sessions, which all share, ends at its next look. */
const LOOK_EVERY_MS = 250;
const MORE = Status.AUTOCOMMIT | Status.MORE_RESULTS_EXISTS;
const FIVE = packetsFrom(1, ...result(5));
const [GREETING, ANSWER, WELCOME] = login('eof').map(({ bytes }) => bytes);

const BASE: ProxySettings = { limits: { rows: 2 }, streaming: { signals: [] } };
const SETTINGS: readonly ProxySettings[] = [
  BASE,
  { ...BASE, onExceed: { action: 'hold' }, budget: { bytes: 1000 } },
  { ...BASE, onExceed: { action: 'truncate' }, onUnparsed: 'close' },
  { ...BASE, onExceed: { action: 'close' }, streaming: { signals: [], netWriteTimeout: '7m' } },
  { ...BASE, kill: { user: 'killer', password: 'secret' }, drain: { bytes: 100, time: '5s', waiting: '1s' } },
];

/** Commands of a client, sent whether or not its login has succeeded. */
const COMMANDS: readonly Buffer[] = [
  ...['SELECT * FROM big', 'SELECT 1; INSERT INTO t VALUES (1)', 'BEGIN', 'USE archive'].map(query),
  command(Command.QUIT), command(Command.RESET_CONNECTION), command(Command.PING),
].map((payload) => packetsFrom(0, payload));

/** Answers of a server, sent to any command. */
const ANSWERS: readonly Buffer[] = [
  FIVE, FIVE.subarray(0, 60), FIVE.subarray(60),
  ...[ok(), ok(MORE), ok(Status.AUTOCOMMIT | Status.IN_TRANS), err(1064), Buffer.from('\xfbfile', 'latin1')]
    .map((payload) => packetsFrom(1, payload)),
];

type Step = (scene: MemorySession, random: Random, timers: FakeTimers) => unknown;

const STEPS_BY_WEIGHT: readonly (readonly [number, Step])[] = [
  [6, ({ client }, random) => client.say(random.pick(COMMANDS))],
  [6, async ({ client, server }, random) => {
    client.say(random.pick(COMMANDS));
    await settled();
    server.say(random.pick(ANSWERS));
  }],
  [8, ({ server }, random) => server.say(random.pick(ANSWERS))],
  [1, ({ client }, random) => client.say(random.bytes(random.skewed(100)))],
  [1, ({ server }, random) => server.say(random.bytes(random.skewed(100)))],
  [1, ({ client }) => client.socket.end()],
  [1, ({ server }) => server.socket.end()],
  [1, ({ client }) => client.socket.resetAndDestroy()],
  [1, ({ server }) => server.socket.resetAndDestroy()],
  [1, ({ client }) => client.socket.pause()],
  [1, ({ client }) => client.socket.resume()],
  [1, ({ session }) => session.contain(() => session.endWhenIdle())],
  [1, ({ session }) => session.contain(() => session.lookForClient())],
  [1, ({ session }) => session.contain(() => session.giveUpDrain())],
  [2, (_, random, timers) => timers.pass(random.skewed(LATEST_MS))],
  [8, () => settled()],
];
const ALL_STEPS = STEPS_BY_WEIGHT.flatMap(([weight, step]) => Array.from({ length: weight }, () => step));

/** A killer whose answers come, or do not. */
const killerFor = (random: Random): Pick<Killer, 'kill'> => ({
  kill: () => (random.chance(0.3) ? new Promise(() => undefined)
    : Promise.resolve(random.pick(['killed', 'failed', 'unknown'] as const))),
});

/** Plays a session that its seed makes up, until both ends are gone. Returns what is left. */
const play = async (t: Test, seed: number, timers: FakeTimers): Promise<object> => {
  const random = new Random(seed);
  const settings = random.pick(SETTINGS);
  const scene = await beginSession(
    t, settings, 'kill' in settings ? { shared: { killer: killerFor(random) } } : {},
  );
  const prelude = random.below(8); // most clients log in
  if (prelude > 0) scene.server.say(GREETING!);
  if (prelude > 1) scene.client.say(ANSWER!);
  if (prelude > 0) await settled();
  if (prelude > 2) scene.server.say(WELCOME!);
  for (let step = 0; step < STEPS; step += 1) await random.pick(ALL_STEPS)(scene, random, timers);
  for (const { socket } of [scene.client, scene.server]) socket.destroy();
  await settled();
  timers.pass(LOOK_EVERY_MS);
  return {
    ends: scene.told.filter((what) => what === 'ended').length, endings: scene.endings().length,
    errors: scene.log.filter(({ level }) => level === 'error'), timers: timers.count, ...scene.left(),
  };
};

t.test('a session ends once and leaves nothing, in whatever order things happen', async (t) => {
  const timers = fakeTimers(t);
  for (let seed = 1; seed <= SESSIONS; seed += 1) {
    const left = await play(t, seed, timers);
    t.strictSame(left, { ends: 1, endings: 1, errors: [], timers: 0, ...NOTHING_LEFT }, `seed ${seed}`);
  }
});
