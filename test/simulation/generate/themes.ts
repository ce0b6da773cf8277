import type { Act, ControlPlan, Fault, ServerPlan, Verb } from '../plan.js';
import type { SettingsLikes } from './settings.js';
import type { StepLikes } from './steps.js';
import type { Around } from './surroundings.js';

/** The theme of a world: what the generator draws more often than anything else. */
export interface Theme {
  readonly name: string;
  readonly settings?: SettingsLikes;
  readonly steps?: Partial<StepLikes>;
  readonly clients?: readonly [number, number];
  /** Steps of each client. */
  readonly length?: readonly [number, number];
  readonly acts?: readonly [number, number];
  readonly actKinds?: readonly Act['do'][];
  readonly faults?: readonly [number, number];
  readonly faultKinds?: readonly Fault['do'][];
  readonly faultLegs?: readonly ('client' | 'server')[];
  /** The events at which acts and faults happen; faults at others, where the theme names them. */
  readonly events?: readonly string[];
  readonly faultEvents?: readonly string[];
  /** They happen in the first moments of the world, while clients log in. */
  readonly isEarly?: boolean;
  readonly kills?: readonly ControlPlan['kills'][];
  readonly server?: ServerPlan['kind'];
  readonly netWriteTimeoutsMs?: readonly number[];
  readonly compresses?: number;
  /** The part of the surroundings that matters. */
  readonly around?: Around;
  /** The part of the worlds that have two servers. */
  readonly severalServers?: number;
}

const CUTTING: SettingsLikes = { action: 'error', mode: 'enforce' };
const READING: readonly Verb[] = ['select', 'with', 'show'];
const MANY: readonly Verb[] = ['select', 'select', 'call', 'several', 'execute'];
/** Statements that run to their end after a cut. */
const RUNNING_ON: readonly Verb[] = ['call', 'several', 'execute'];
const AROUND_CUTS = ['cut', 'cut', 'got', 'rows', 'killed', 'done', 'answered'];

/** The more often a theme stands here, the more worlds have it. */
export const THEMES: readonly Theme[] = [
  { name: 'anything' },
  { name: 'anything' },
  { name: 'anything' },
  { name: 'quiet', acts: [0, 0], faults: [0, 0], clients: [1, 2], steps: { pauses: 0, leaves: 0 } },
  { name: 'cuts', settings: CUTTING, steps: { large: 0.8, verbs: ['select', 'call', 'several', 'with'] } },
  { name: 'kills', settings: { ...CUTTING, kills: true }, steps: { large: 0.9, verbs: READING, slow: 0.7 } },
  {
    name: 'disturbed kills', settings: { ...CUTTING, kills: true }, acts: [1, 2], faults: [1, 2],
    steps: { large: 0.9, verbs: READING, slow: 0.7 }, events: ['cut', 'kill', 'killed', 'got'],
    kills: ['yes', 'silent', 'denied'],
  },
  { name: 'pipelines', steps: { kinds: ['pipeline'], large: 0.5 }, settings: { mode: 'enforce' } },
  {
    name: 'drains', settings: { ...CUTTING, tightDrain: true },
    steps: { large: 0.9, slow: 0.7, verbs: ['select', 'call', 'several', 'execute'] },
  },
  {
    name: 'drains left', settings: CUTTING, faults: [1, 2], faultLegs: ['client'], events: ['cut', 'got'],
    steps: { large: 1, slow: 0.8, verbs: ['call', 'several', 'execute'], leaves: 0.3 },
  },
  {
    name: 'holds', settings: { action: 'hold', mode: 'enforce' }, faults: [0, 2],
    steps: { large: 0.5, verbs: ['select', 'call', 'several', 'returning'] }, events: ['first', 'rows', 'arrived'],
  },
  {
    name: 'budget', settings: { budget: true, mode: 'enforce' }, clients: [2, 5],
    steps: { large: 0.6, isBulky: true, slow: 0.8 },
  },
  {
    name: 'slow readers', settings: { largeBytes: true }, netWriteTimeoutsMs: [1000, 2000],
    steps: { pauses: 0.8, large: 0.7, isBulky: true, verbs: ['select'] },
  },
  {
    name: 'paces', settings: { ...CUTTING, paces: true },
    steps: { pauses: 0.8, large: 0.9, isBulky: true, verbs: ['select'] },
  },
  { name: 'prepared', steps: { kinds: ['prepared'], large: 0.6 } },
  { name: 'MariaDB', server: 'mariadb', steps: { verbs: ['returning', 'several', 'load', 'select', 'call'] } },
  { name: 'compressed', compresses: 1, steps: { large: 0.6 }, settings: { mode: 'enforce' } },
  { name: 'administrators', acts: [2, 5], steps: { slow: 0.7, large: 0.7 } },
  { name: 'reloads', acts: [2, 4], actKinds: ['reload'], steps: { slow: 0.6, large: 0.7 } },
  {
    name: 'orders', acts: [1, 3], actKinds: ['kill', 'end'], settings: { kills: true },
    steps: { slow: 1, large: 0.6, pauses: 0.3 }, events: ['arrived', 'first', 'rows', 'got', 'paused', 'cut'],
  },
  {
    name: 'stops', acts: [1, 2], actKinds: ['stop', 'list'],
    steps: { slow: 0.6, verbs: ['begin', 'commit', 'select', 'call'] },
  },
  {
    name: 'orders for stalled clients', acts: [1, 2], actKinds: ['kill', 'view', 'list'], events: ['paused', 'got'],
    settings: { kills: true, largeBytes: true, manyRows: true, action: 'error' }, clients: [1, 2],
    steps: { pauses: 1, large: 1, isBulky: true, verbs: ['select', 'call', 'execute'] }, kills: ['yes'],
    netWriteTimeoutsMs: [60_000],
  },
  {
    name: 'holds and failures', settings: { action: 'hold', mode: 'enforce' }, faults: [1, 2],
    steps: { large: 0.3, fails: 0.6, slow: 0.8, verbs: ['select', 'call', 'several'] },
    events: ['first', 'rows'], faultKinds: ['stall', 'reset', 'crash', 'shutdown'], acts: [0, 1],
  },
  { name: 'faults', faults: [1, 4] },
  { name: 'lost servers', faults: [1, 3], faultKinds: ['crash', 'shutdown', 'reset'], faultLegs: ['server'] },
  {
    name: 'refusals', settings: { refuses: true },
    steps: { verbs: ['call', 'update', 'select', 'several', 'load'], kinds: ['query', 'prepared', 'pipeline'] },
  },
  { name: 'few places', settings: { maxConnections: 1 }, clients: [2, 4], steps: { slow: 0.5 } },
  { name: 'audit', settings: { mode: 'audit' }, steps: { large: 0.8 } },
  { name: 'leaving', steps: { leaves: 0.5, large: 0.6, slow: 0.5 } },
  {
    name: 'bytes and trouble', settings: { ...CUTTING, fewBytes: true, kills: true }, acts: [1, 2], faults: [1, 3],
    steps: { large: 1, slow: 0.8, leaves: 0.2, verbs: MANY }, events: AROUND_CUTS, netWriteTimeoutsMs: [1000],
  },
  {
    name: 'budget and trouble', clients: [2, 3], acts: [1, 2], actKinds: ['kill', 'end', 'stop'], faults: [1, 2],
    settings: { ...CUTTING, budget: true, manyRows: true, largeBytes: true }, events: AROUND_CUTS,
    steps: { large: 1, isBulky: true, slow: 0.9, leaves: 0.2, verbs: MANY },
  },
  {
    name: 'orders and trouble', settings: { ...CUTTING, kills: true, manyRows: true, hugeBytes: true }, acts: [2, 4],
    actKinds: ['kill', 'kill', 'kill', 'end', 'stop', 'reload'], faults: [1, 3], kills: ['yes'], clients: [1, 1],
    faultKinds: ['cut', 'cut', 'stall', 'reset', 'halfClose', 'crash'], netWriteTimeoutsMs: [1000, 60_000],
    events: ['paused', 'got'], faultEvents: ['kill', 'killed', 'cut'], length: [1, 2],
    steps: { pauses: 1, large: 1, isBulky: true, leaves: 0.1, verbs: [...MANY, 'returning'] },
  },
  {
    name: 'orders inside TLS', around: 'TLS', acts: [1, 3], actKinds: ['kill'], kills: ['yes'], clients: [1, 2],
    settings: { ...CUTTING, kills: true, manyRows: true, largeBytes: true }, events: ['paused', 'got'],
    netWriteTimeoutsMs: [60_000], steps: { pauses: 1, large: 1, isBulky: true, verbs: MANY },
  },
  {
    name: 'orders in pipelines', settings: { ...CUTTING, kills: true, manyRows: true, largeBytes: true }, acts: [2, 3],
    actKinds: ['kill'], kills: ['yes'], events: ['paused', 'got'], clients: [1, 2], length: [1, 2],
    netWriteTimeoutsMs: [60_000], steps: { kinds: ['pipeline'], pauses: 1, large: 1, isBulky: true, verbs: READING },
  },
  {
    name: 'cut cables', settings: { mode: 'enforce', kills: true }, acts: [0, 1], faults: [1, 2], faultKinds: ['cut'],
    events: [...AROUND_CUTS, 'first'], steps: { slow: 1, large: 1, leaves: 0.1, pauses: 0.2, fails: 0.3, verbs: MANY },
  },
  {
    name: 'half-closed clients', settings: { mode: 'enforce', kills: true }, acts: [0, 1], faults: [1, 2],
    faultKinds: ['halfClose'], faultLegs: ['client'], events: AROUND_CUTS,
    steps: { slow: 1, large: 1, pauses: 0.2, verbs: MANY },
  },
  {
    name: 'truncations and trouble', settings: { action: 'truncate', mode: 'enforce', kills: true }, acts: [1, 2],
    faults: [1, 3], events: AROUND_CUTS, steps: { slow: 1, large: 1, leaves: 0.2, verbs: MANY },
  },
  {
    name: 'closes and trouble', settings: { action: 'close', mode: 'enforce', kills: true }, acts: [1, 2],
    clients: [1, 1], faults: [1, 3], kills: ['yes'], events: ['rows', 'got', 'got', 'paused'],
    faultKinds: ['cut', 'reset', 'stall', 'halfClose', 'crash'], faultLegs: ['client', 'server', 'server'],
    steps: { slow: 1, large: 1, pauses: 0.3, verbs: MANY },
  },
  {
    name: 'holds and trouble', settings: { action: 'hold', mode: 'enforce' }, acts: [1, 2], faults: [1, 3],
    actKinds: ['end', 'stop', 'kill', 'list', 'list'], events: ['arrived', 'first', 'rows', 'answered'],
    faultEvents: ['first', 'answered', 'done'], clients: [1, 1], length: [1, 2],
    steps: { slow: 1, large: 0.2, fails: 0.9, verbs: MANY },
  },
  {
    name: 'warnings and trouble', settings: { warns: true, mode: 'enforce', kills: true }, acts: [1, 2], faults: [1, 2],
    clients: [1, 1],
    actKinds: ['end', 'kill', 'kill', 'stop'], events: ['rows', 'got', 'first', 'done', 'answered'], kills: ['yes'],
    faultKinds: ['cut', 'cut', 'reset', 'halfClose', 'stall', 'crash'],
    steps: { slow: 1, large: 0.2, isBulky: true, verbs: MANY },
  },
  {
    name: 'drains and trouble', settings: { ...CUTTING, tightDrain: true }, acts: [0, 2], faults: [1, 3],
    actKinds: ['end', 'stop', 'kill'], events: ['cut'], netWriteTimeoutsMs: [1000],
    faultKinds: ['cut', 'cut', 'stall', 'reset', 'halfClose', 'crash'],
    steps: {
      kinds: ['query', 'query', 'pipeline'], slow: 1, large: 1, leaves: 0.2, fails: 0.3, isBulky: true, verbs: MANY,
    },
  },
  {
    name: 'waits for drains and trouble', settings: { ...CUTTING, isImpatient: true, kills: false }, acts: [0, 2],
    actKinds: ['end', 'end', 'reload'], faults: [1, 2], faultKinds: ['cut', 'cut', 'halfClose', 'reset'],
    events: ['cut'], clients: [1, 1], length: [1, 2], steps: { kinds: ['pipeline'], slow: 1, large: 1, verbs: MANY },
  },
  {
    name: 'stalled servers', settings: { mode: 'enforce', kills: false }, faults: [1, 3], faultKinds: ['stall'],
    faultLegs: ['server'], netWriteTimeoutsMs: [1000], events: ['cut', 'cut', 'got', 'first'],
    steps: { kinds: ['query', 'pipeline'], large: 1, isBulky: true, slow: 0.3, leaves: 0.2, verbs: MANY },
  },
  {
    name: 'drains without their clients', settings: { ...CUTTING, maxConnections: 1 }, clients: [3, 5],
    steps: { slow: 1, large: 1, leaves: 0.8, verbs: RUNNING_ON }, length: [2, 4],
  },
  {
    name: 'trouble without a client', settings: { ...CUTTING, tightDrain: false }, faults: [1, 3], acts: [0, 2],
    actKinds: ['end', 'stop', 'kill'], faultKinds: ['reset', 'reset', 'cut', 'stall', 'halfClose', 'crash'],
    faultLegs: ['client', 'server', 'server'], clients: [1, 1], length: [1, 1], events: ['left', 'left', 'cut'],
    steps: { slow: 1, large: 1, leaves: 0.7, kinds: ['query'], verbs: RUNNING_ON },
  },
  {
    name: 'cursors', settings: { ...CUTTING, kills: true }, acts: [0, 2], actKinds: ['kill', 'end'], faults: [0, 1],
    steps: { kinds: ['prepared'], verbs: ['select'], large: 1, slow: 1, fails: 0.2, leaves: 0.2 },
    events: AROUND_CUTS,
  },
  {
    name: 'orders for cursors', settings: { ...CUTTING, kills: true, manyRows: true, largeBytes: true }, acts: [2, 3],
    actKinds: ['kill'], kills: ['yes'], events: ['paused', 'paused', 'got'], netWriteTimeoutsMs: [60_000],
    steps: { kinds: ['prepared'], verbs: ['select'], large: 1, isBulky: true, pauses: 1 },
  },
  {
    name: 'rows of changes and trouble', server: 'mariadb', settings: { ...CUTTING, kills: true }, acts: [1, 2],
    actKinds: ['kill'], kills: ['yes'], faults: [0, 2], faultKinds: ['cut', 'stall'], events: ['paused', 'got', 'rows'],
    netWriteTimeoutsMs: [60_000],
    steps: { kinds: ['query'], verbs: ['returning'], large: 1, isBulky: true, pauses: 0.7 },
  },
  { name: 'early views', acts: [4, 8], actKinds: ['list'], isEarly: true, settings: { action: 'hold' } },
  {
    name: 'TLS and its budget', around: 'TLS', settings: { budget: true, kills: true, mode: 'enforce' }, acts: [0, 2],
    actKinds: ['kill', 'end'], clients: [2, 3], steps: { large: 1, slow: 0.8, isBulky: true, verbs: MANY },
  },
  {
    name: 'TLS and closes', around: 'TLS', settings: { action: 'close', mode: 'enforce' },
    steps: { large: 0.8, verbs: MANY },
  },
  {
    name: 'TLS and holds', around: 'TLS', settings: { action: 'hold', mode: 'enforce' }, faults: [0, 1],
    steps: { large: 0.3, fails: 0.6, slow: 0.8, verbs: ['select', 'call', 'several'] },
  },
  {
    name: 'zstd', around: 'zstd', server: 'mysql', compresses: 0.9, steps: { large: 0.6 },
    settings: { mode: 'enforce' },
  },
  { name: 'TLS', around: 'TLS' },
  {
    name: 'TLS and trouble', around: 'TLS', faults: [1, 2], acts: [0, 2], settings: { ...CUTTING, kills: true },
    steps: { large: 0.7, slow: 0.5, pauses: 0.3, leaves: 0.2 },
  },
  {
    name: 'workers', around: 'workers', clients: [2, 4], faults: [1, 3], acts: [0, 2], steps: { slow: 0.6, large: 0.6 },
    faultKinds: ['workerDies', 'workerHangs', 'workerHangs', 'reset', 'crash'],
  },
  {
    name: 'workers that die', around: 'workers', clients: [2, 4], faults: [2, 3], faultKinds: ['workerDies'],
    events: ['arrived', 'first', 'rows', 'got'],
    steps: { kinds: ['query', 'prepared', 'prepared'], verbs: ['select', 'several', 'load'], slow: 1, pauses: 0.2 },
  },
  {
    name: 'workers and their budget', around: 'workers', settings: { budget: true, mode: 'enforce' }, clients: [3, 5],
    faults: [1, 2], faultKinds: ['workerDies', 'workerDies', 'workerHangs'], events: ['rows', 'got', 'first'],
    steps: { large: 0.6, isBulky: true, slow: 0.8 },
  },
  {
    name: 'disk', around: 'disk', faults: [1, 3], faultKinds: ['disk', 'disk', 'disk', 'reset'], acts: [0, 3],
    actKinds: ['reopen', 'reopen', 'reload'], settings: { samples: true }, steps: { large: 0.6 },
    events: ['asked', 'done', 'got'],
  },
  {
    name: 'clock', around: 'clock', faults: [1, 3], faultKinds: ['clock', 'clock', 'clock', 'stall'], acts: [0, 1],
    clients: [1, 2], settings: { paces: true, kills: true }, steps: { slow: 0.6, large: 0.6, pauses: 0.3 },
  },
  {
    name: 'rules that end', around: 'clock', faults: [0, 2], faultKinds: ['clock'],
    settings: { refuses: true, ends: true }, steps: { verbs: ['call', 'update', 'select', 'several'], slow: 0.5 },
  },
  {
    name: 'names', around: 'names', faults: [1, 3], faultKinds: ['name', 'name', 'name', 'crash'], severalServers: 0.6,
    clients: [2, 4], settings: { kills: true }, steps: { slow: 0.6, large: 0.6, kinds: ['query', 'query', 'wait'] },
  },
  {
    name: 'memory', around: 'memory', faults: [1, 3], faultKinds: ['memory', 'memory', 'reset'], clients: [2, 5],
    acts: [1, 4], actKinds: ['list', 'list', 'list', 'reload'],
    steps: { slow: 0.6, leaves: 0.2 },
  },
];
