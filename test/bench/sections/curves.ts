import { type Bench, type Load, measured } from '../bench.js';
import { REFERENCE, SLUICE } from '../competitors.js';
import { descriptorLimit } from '../machine.js';
import { memoryBytes } from '../processes.js';
import type { Relay } from '../relays.js';
import type { Reading } from '../results.js';
import { syntheticResult } from './bulk.js';

/** Sections whose series are points of curves. */
export const RESULT_CURVE = 'cost of a result by its size';
export const SESSION_CURVE = 'cost of sessions by their number';

const ROW_BYTES = 1000;
/** A small result costs too little to be measured once, so it is queried often. */
const MIN_BYTES = 50e6;
const MAX_TIMES = 5000;

/** Shows that the cost grows no faster than bytes and sessions. */
export const curves = async (bench: Bench): Promise<void> => {
  const port = await bench.synthetic;
  const competitors = [SLUICE, REFERENCE].flatMap((name) => bench.competitors.filter((one) => one.name === name));
  const results = bench.scale.curveBytes.map((bytes): Load => ({
    subject: size(bytes), x: bytes, run: (relay) => oneResult(bench, relay, bytes),
  }));
  await bench.interleave(RESULT_CURVE, port, results, competitors);
  const most = descriptorLimit() / 2.1;
  for (const competitor of competitors) {
    for (const sessions of bench.scale.curveSessions.filter((count) => count <= most)) {
      bench.say(`${SESSION_CURVE}, ${sessions}, ${competitor.name}`);
      const scope = bench.nested();
      const relay = await bench.start(SESSION_CURVE, competitor, scope, port);
      const load = { subject: String(sessions), x: sessions, run: (one: Relay) => manySessions(bench, one, sessions) };
      if (relay !== null) await bench.measure(SESSION_CURVE, load, competitor.name, relay);
      await scope.close();
    }
  }
};

const oneResult = async (bench: Bench, relay: Relay, resultBytes: number): Promise<Reading[]> => {
  const drivers = await bench.drivers;
  const times = Math.min(MAX_TIMES, Math.ceil(MIN_BYTES / resultBytes));
  const order = {
    kind: 'ask', port: relay.port, sessions: 1, until: { times }, ...syntheticResult(ROW_BYTES, resultBytes),
  } as const;
  const { cpuSeconds } = await measured(relay, () => drivers.one(order));
  return [{ metric: 'cpu', value: (cpuSeconds ?? 0) / times }];
};

/** Sessions that send one query and stay open while the memory is measured. */
const manySessions = async (bench: Bench, relay: Relay, sessions: number): Promise<Reading[]> => {
  if (relay.pid === null) return [];
  const drivers = await bench.drivers;
  const emptyBytes = memoryBytes(relay.pid);
  const order = { kind: 'hold', port: relay.port, sessions, sql: 'rows 10 of 100' } as const;
  const { cpuSeconds } = await measured(relay, () => drivers.all(order));
  const bytes = (await bench.settledMemory(relay.pid)) - emptyBytes;
  await drivers.release();
  return [{ metric: 'cpu', value: cpuSeconds ?? 0 }, { metric: 'memory', value: Math.max(bytes, 0) / 1024 ** 2 }];
};

/** 1000 -> "1 KB" */
const size = (bytes: number): string => {
  const power = Math.floor(Math.log10(bytes) / 3);
  return `${bytes / 1000 ** power} ${['B', 'KB', 'MB', 'GB'][power]}`;
};
