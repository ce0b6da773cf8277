import type { Logger } from 'pino';
import { OccasionalLog } from '../audit/occasionalLog.js';
import type { Config } from '../config/config.js';
import { Sampler } from '../policy/sampler.js';
import { world } from '../world/world.js';

/** Makes the sampler of a configuration, which logs if it leaves samples out. */
export function samplerFor({ audit: { sample } }: Config, log: Logger): Sampler {
  const occasional = new OccasionalLog(log, DROPPING_SAID_EVERY_MS);
  const sampler = new Sampler(sample, () => world.random(), () => {
    const { perSecond } = sampler.settings;
    occasional.warn('dropping', { perSecond }, 'audit: samples are left out: more are due than audit.sample.perSecond');
  });
  return sampler;
}

/** The shortest time between two log lines about samples that were left out. */
const DROPPING_SAID_EVERY_MS = 10_000;
