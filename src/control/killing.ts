import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import { KILL_LIMITS, Killer, type KillLimits } from './killer.js';
import { ServerTimeouts } from './serverTimeouts.js';

function killLimits(config: Config): KillLimits {
  return { ...KILL_LIMITS, connectTimeoutMs: config.connections.connectTimeoutMs };
}

/** Kills as the configuration says; null where nothing is killed. */
export function killerFor(config: Config, log: Logger): Killer | null {
  return config.kill === null ? null : new Killer(config.kill, killLimits(config), log);
}

/** Asks servers with the account that kills; null where there is none. */
export function timeoutsFor(config: Config): ServerTimeouts | null {
  return config.kill === null ? null : new ServerTimeouts({ account: config.kill, ...killLimits(config) });
}
