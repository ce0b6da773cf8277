import type { ProxySettings } from '../../support/inProcess.js';
import { KILLER } from '../servers/serverModel.js';
import type { Random } from '../world/random.js';

/** Settings that a theme asks for; all others are drawn. */
export interface SettingsLikes {
  readonly action?: 'error' | 'truncate' | 'close' | 'hold';
  readonly mode?: 'enforce' | 'audit';
  readonly kills?: boolean;
  readonly budget?: boolean;
  readonly paces?: boolean;
  readonly refuses?: boolean;
  /** Bounds on the rest of a cut response that are easily passed. */
  readonly tightDrain?: boolean;
  /** Of the bounds only that on commands that wait is easily passed. */
  readonly isImpatient?: boolean;
  readonly maxConnections?: number;
  readonly largeBytes?: boolean;
  /** No result passes the limit of bytes. */
  readonly hugeBytes?: boolean;
  readonly manyRows?: boolean;
  /** Bytes are passed before rows are. */
  readonly fewBytes?: boolean;
  /** A threshold of warnings below the limit. */
  readonly warns?: boolean;
  /** Every result leaves a record. */
  readonly samples?: boolean;
  /** Rules that refuse have an end, about the time of the world. */
  readonly ends?: boolean;
}

/** Drawn settings, and their limits. */
export interface AnySettings {
  readonly json: ProxySettings;
  readonly rows: number;
  readonly bytes: number;
}

const ACTIONS = ['error', 'error', 'error', 'error', 'truncate', 'close', 'hold', 'hold'];

/** Draws settings. */
export const anySettings = (random: Random, likes: SettingsLikes): AnySettings => {
  const rows = likes.manyRows || likes.fewBytes ? 1000 : random.pick([1, 3, 10, 30, 100]);
  const bytes = likes.largeBytes ? 200_000
    : likes.hugeBytes ? 1_000_000
    : likes.fewBytes ? random.pick([2000, 20_000]) : random.pick([1000, 10_000, 100_000, 1_000_000]);
  const { isImpatient = false } = likes;
  const isTight = likes.tightDrain ?? (!isImpatient && random.chance(0.3));
  const paces = likes.paces ?? random.chance(0.3);
  const signals = ['cursor', 'dump', 'hint'].filter(() => random.chance(0.5));
  const kills = likes.kills ?? random.chance(0.4);
  const action = likes.action ?? random.pick(ACTIONS);
  const budget = (likes.budget ?? random.chance(0.2)) ? random.pick([2000, 20_000, 100_000]) : null;
  return {
    rows, bytes,
    json: {
      mode: likes.mode ?? (random.chance(0.85) ? 'enforce' : 'audit'),
      limits: { rows, bytes },
      warn: { rows: likes.warns || random.chance(0.2) ? Math.max(1, rows >> 1) : null, bytes: null },
      onExceed: { action },
      hints: random.pick(['none', 'lower', 'any']),
      streaming: {
        signals: paces ? [...signals, 'pace'] : signals,
        limits: { rows: random.pick([null, null, 4 * rows]), bytes: random.pick([null, null, 4 * bytes]) },
        pace: { wait: random.pick(['20ms', '100ms', '500ms']), maxRowsPerSecond: random.pick([100, 1000, 4000]) },
        netWriteTimeout: random.pick([null, null, null, '1s', '5s']),
      },
      rules: rulesOf(random, rows, likes),
      drain: isTight
        ? {
          bytes: random.pick([1000, 10_000]), time: random.pick(['20ms', '200ms']),
          waiting: random.pick(['10ms', '100ms']),
        } : {
          bytes: '16MiB', time: random.pick(['1s', '5s']),
          waiting: random.pick(isImpatient ? ['10ms', '100ms'] : ['500ms', '2s']),
        },
      kill: kills ? { ...KILLER, when: random.pick([undefined, undefined, { bytes: 2000 }, { time: '50ms' }]) } : null,
      // What is held back needs a budget.
      budget: { bytes: budget ?? (action === 'hold' ? '16MiB' : null) },
      stall: { warnAfter: random.pick(['50ms', '500ms', '10s']) },
      compression: random.chance(0.9) ? 'inspect' : 'strip',
      connections: {
        max: likes.maxConnections ?? 10_000, connectTimeout: '1s', handshakeTimeout: random.pick(['200ms', '10s']),
      },
      audit: {
        sample: likes.samples ? { oneIn: 1 } : random.pick([{}, { oneIn: 1 }, { oneIn: 2 }, { rows: 5 }]),
        admitted: random.chance(0.8), sqlBytes: '4KiB',
      },
    },
  };
};

const rulesOf = (random: Random, rows: number, { refuses, ends = false }: SettingsLikes): object[] => [
  ...(refuses ?? random.chance(0.15) ? [{
    name: 'refusing', match: { statement: random.pick(['call', 'dml']) }, action: 'refuse',
    mode: random.chance(0.8) ? 'enforce' : 'audit',
    ...(ends ? { until: new Date(BEGINNING_MS + random.pick(ENDS_AFTER_MS)).toISOString() } : {}),
  }] : []),
  ...(random.chance(0.15) ? [{ name: 'streams', match: { user: 'c1x*' }, class: 'streaming' }] : []),
  ...(random.chance(0.15) ? [{
    name: 'small', match: { user: 'c2x*' }, class: 'buffered', limits: { rows: Math.max(1, rows >> 1) },
  }] : []),
  ...(random.chance(0.1) ? [{ name: 'watched', match: { statement: ['select'] }, mode: 'audit' }] : []),
];

/** The date at the beginning of a world. */
const BEGINNING_MS = Date.UTC(2030, 0, 1);
const ENDS_AFTER_MS = [-1000, 50, 500, 4000, 1_800_000];

const CHANGED_TOGETHER = [
  ['limits'], ['mode'], ['onExceed', 'budget'], ['drain'], ['kill'], ['streaming'], ['hints'], ['stall'],
] as const;

/** Other settings for a reload. The rules keep their names: a counter of a rule that is gone is forgotten. */
export const otherSettings = (random: Random, before: ProxySettings): ProxySettings => {
  const { json } = anySettings(random, {});
  const changed: Record<string, unknown> = { ...before };
  for (const keys of CHANGED_TOGETHER) {
    if (random.chance(0.4)) for (const key of keys) changed[key] = json[key];
  }
  return changed;
};
