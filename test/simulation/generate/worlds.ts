import { Random } from '../world/random.js';
import type { ClientPlan, NetworkPlan, ServerPlan, Step, WorldPlan } from '../plan.js';
import { anyAct, anyFault } from './disturbances.js';
import { anySettings } from './settings.js';
import { anyStep, type StepLikes } from './steps.js';
import { anySurroundings, clientIn, serverIn } from './surroundings.js';
import { THEMES, type Theme } from './themes.js';

/** The world of a seed. */
export const worldOf = (seed: number): WorldPlan => {
  const random = new Random(seed).fork('plan');
  const theme = random.pick(THEMES);
  const settings = anySettings(random.fork('settings'), theme.settings ?? {});
  const servers = serversOf(random.fork('servers'), theme);
  const likes: StepLikes = { ...theme.steps, rows: settings.rows, bytes: settings.bytes, servers };
  const tags = { last: 0 };
  const count = random.between(...theme.clients ?? [1, 3]);
  const clients = Array.from({ length: count }, (_, index) =>
    clientOf(random.fork(`client ${index}`), `c${index + 1}`, theme, likes, tags));
  const plan = {
    seed, theme: theme.name, settings: settings.json, network: networkOf(random.fork('network')), servers, clients,
  };
  const disturbing = random.fork('disturbances');
  const times = <T>([least, most]: readonly [number, number], make: () => T): T[] =>
    Array.from({ length: disturbing.between(least, most) }, make);
  const { around } = theme;
  return {
    ...plan,
    ...(around === undefined ? {} : { around: anySurroundings(random.fork('surroundings'), around) }),
    acts: times(theme.acts ?? [0, 1], () => anyAct(disturbing, clients, theme, settings.json)),
    faults: times(theme.faults ?? [0, 1], () => anyFault(disturbing, clients, servers, theme)),
  };
};

const serversOf = (random: Random, theme: Theme): ServerPlan[] =>
  Array.from({ length: random.chance(theme.severalServers ?? 0.15) ? 2 : 1 }, () => ({
    kind: theme.server ?? random.pick(['mysql', 'mariadb']),
    greetAfterMs: random.pick([0, 0, 1, 30]),
    login: random.pick(['plain', 'plain', 'switch', 'fast', ...(random.chance(0.1) ? ['denied' as const] : [])]),
    offersCompression: random.chance(0.8),
    burstBytes: random.pick([200, 2000, 16_384]),
    netWriteTimeoutMs: random.pick(theme.netWriteTimeoutsMs ?? [1000, 5000, 60_000]),
    control: {
      lookMs: random.pick([0, 0, 1, 20, 300]),
      killMs: random.pick([0, 0, 1, 20, 300]),
      kills: random.pick(theme.kills ?? ['yes', 'yes', 'yes', 'yes', 'denied', 'silent']),
      deniesLogin: random.chance(0.05),
    },
    ...(theme.around === undefined ? {} : serverIn(random, theme.around)),
  }));

const networkOf = (random: Random): NetworkPlan => ({
  clientLatencyMs: random.pick([0.02, 0.02, 1, 20]),
  serverLatencyMs: random.pick([0.02, 0.02, 1, 20]),
  bufferBytes: random.pick([4096, 16_384, 65_536]),
  splits: random.chance(0.5),
});

const clientOf = (
  random: Random, name: string, theme: Theme, likes: StepLikes, tags: { last: number },
): ClientPlan => {
  const steps = random.between(...theme.length ?? [1, 5]);
  const script: Step[] = [];
  for (let index = 0; index < steps; index += 1) script.push(anyStep(random, likes, tags));
  // A last command as a probe: it shows whether the connection is still in step.
  if (random.chance(0.7)) script.push(anyStep(random, { ...likes, kinds: ['ping', 'query'], isProbe: true }, tags));
  return {
    name, script,
    startsAtMs: random.pick([0, 0, 1, 50]),
    program: random.pick([null, null, 'worker', 'mysqldump']),
    deprecatesEof: random.chance(0.5),
    compresses: random.chance(theme.compresses ?? 0.3),
    tracksSession: random.chance(0.3),
    ending: random.pick(['quit', 'quit', 'end', 'reset']),
    ...(theme.around === undefined ? {} : clientIn(random, theme.around)),
  };
};

