import type { ProxySettings } from '../../support/inProcess.js';
import type { Act, ClientPlan, Fault, Link, Moment, ServerPlan, StatementPlan } from '../plan.js';
import type { Random } from '../world/random.js';
import { otherSettings } from './settings.js';
import { anyAmbientFault } from './surroundings.js';
import type { Theme } from './themes.js';

// The acts of administrators, and the faults: most of them at a moment at which something else is under way.

const EVENTS = ['asked', 'arrived', 'first', 'rows', 'got', 'cut', 'cut', 'killed', 'paused', 'done'];

const MOMENTS_MS = [0, 0, 0.05, 0.3, 1, 1.5, 10, 30, 60, 300];

/** Draws a moment. */
const anyMoment = (
  random: Random, clients: readonly ClientPlan[], theme: Theme, events = theme.events ?? EVENTS,
): Moment => {
  const statements = clients.flatMap(statementsIn);
  if (theme.isEarly) return { after: null, ms: random.between(0, 300) / random.pick([1, 3, 10]) };
  if (statements.length === 0 || random.chance(0.2)) return { after: null, ms: random.between(0, 500) };
  const { tag } = random.pick(statements);
  const event = random.pick(events);
  const whose = event === 'left' ? ` ${random.pick(clients).name}` : event === 'kill' ? '' : ` ${tag}`;
  return { after: `${event}${whose}`, ms: random.pick(MOMENTS_MS) };
};

const statementsIn = ({ script }: ClientPlan): StatementPlan[] => script.flatMap((step) =>
  (step.do === 'pipeline' ? step.statements : step.do === 'query' || step.do === 'prepared' ? [step.statement] : []));

const ACTS: readonly Act['do'][] = ['reload', 'reload', 'kill', 'kill', 'end', 'view', 'list', 'stop'];

/** Draws an act of an administrator. */
export const anyAct = (
  random: Random, clients: readonly ClientPlan[], theme: Theme, settings: ProxySettings,
): Act => {
  const when = anyMoment(random, clients, theme);
  const what = random.pick(theme.actKinds ?? ACTS);
  const client = random.pick(clients).name;
  switch (what) {
    case 'reload':
      return { when, do: what, settings: otherSettings(random, settings) };
    case 'stop':
      return { when, do: what, forcedAfterMs: random.pick([0, 100, 5000]) };
    case 'list':
    case 'reopen':
      return { when, do: what };
    default:
      return { when, do: what, client };
  }
};

const FAULTS: readonly Fault['do'][] = ['reset', 'reset', 'halfClose', 'stall', 'stall', 'crash', 'shutdown', 'cut'];

/** Draws a fault. */
export const anyFault = (
  random: Random, clients: readonly ClientPlan[], servers: readonly ServerPlan[], theme: Theme,
): Fault => {
  const when = anyMoment(random, clients, theme, theme.faultEvents);
  const what = random.pick(theme.faultKinds ?? FAULTS);
  const link: Link = { client: random.pick(clients).name, leg: random.pick(theme.faultLegs ?? ['client', 'server']) };
  switch (what) {
    case 'crash':
    case 'shutdown':
      return { when, do: what, server: random.int(servers.length), ms: random.pick([1, 200, 3000]) };
    case 'stall':
      return { when, do: what, link, ms: random.pick([5, 100, 1500]) };
    case 'reset':
    case 'cut':
    case 'halfClose':
      return { when, do: what, link };
    default:
      return { when, ...anyAmbientFault(random, what, servers.length) };
  }
};
