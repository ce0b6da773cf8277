import type { AmbientFault, ClientPlan, ServerPlan, Surroundings } from '../plan.js';
import type { Random } from '../world/random.js';

// The surroundings of Sluice, in worlds whose theme is about them.

/** The part of the surroundings that a theme is about. */
export type Around = 'disk' | 'clock' | 'names' | 'memory' | 'workers' | 'TLS' | 'zstd';

/** Draws the surroundings for a theme. */
export const anySurroundings = (random: Random, around: Around): Surroundings => {
  switch (around) {
    case 'disk':
      return { disk: true };
    case 'names':
      return { names: true };
    case 'memory':
      return { memory: true };
    case 'workers':
      return { workers: random.between(2, 3) };
    case 'TLS':
      return {
        tls: {
          listen: random.pick(['off', 'optional', 'optional', 'auto', 'required', 'required']),
          upstream: random.pick(['off', 'preferred', 'preferred', 'required']),
        },
      };
    case 'clock':
      return { admin: true, disk: true };
    case 'zstd':
      return {};
  }
};

/** The properties of servers in such surroundings. */
export const serverIn = (random: Random, around: Around): Partial<ServerPlan> => {
  if (around === 'zstd') return { offersCompression: random.chance(0.5), offersZstd: true };
  return around === 'TLS' && random.chance(0.8) ? { offersTls: true } : {};
};

/** The properties of clients in such surroundings. */
export const clientIn = (random: Random, around: Around): Partial<ClientPlan> => {
  if (around === 'zstd') return random.chance(0.8) ? { prefersZstd: true } : {};
  return around === 'TLS' && random.chance(0.8) ? { encrypts: true } : {};
};

/** Draws a fault in the surroundings. */
export const anyAmbientFault = (random: Random, what: AmbientFault['do'], servers: number): AmbientFault => {
  switch (what) {
    case 'disk':
      return {
        do: what, state: random.pick(['has no room', 'is full', 'is full', 'hangs', 'hangs']),
        ms: random.pick([50, 1000, 4000, 30_000, null, null]),
      };
    case 'clock':
      return { do: what, byMs: random.pick(JUMPS_MS) };
    case 'name':
      return {
        do: what, server: random.int(servers), becomes: random.pick(['unknown', 'another', 'slow']),
        ms: random.pick([10, 500, 3000]),
      };
    case 'memory':
      return { do: what, part: random.pick([0.87, 0.91, 0.97, 1.2]), ms: random.pick([20, 300, 2000]) };
    case 'workerDies':
      return { do: what, worker: random.int(3) };
    case 'workerHangs':
      return { do: what, worker: random.int(3), ms: random.pick([20, 800, 3500, 20_000]) };
  }
};

const HOUR_MS = 3_600_000;
const YEAR_MS = 365 * 24 * HOUR_MS;

/**
 * A leap second, corrections by NTP, a clock in local time at the end of summer, a clock that was wrong for years, and
 * one without a battery, which begins in 1970.
 */
const JUMPS_MS = [1000, -1000, 5000, -20_000, HOUR_MS, -HOUR_MS, 10 * YEAR_MS, -60 * YEAR_MS];
