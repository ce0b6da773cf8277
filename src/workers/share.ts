import type { Config } from '../config/config.js';

/**
 * The configuration for one worker: what is a rate over all sessions is divided, so that all workers together keep it.
 * @param number of the worker, from 1
 */
export function shareOf(config: Config, number: number, workers: number): Config {
  const { perSecond } = config.audit.sample;
  const share = Math.floor(perSecond / workers) + (number <= perSecond % workers ? 1 : 0);
  return { ...config, audit: { ...config.audit, sample: { ...config.audit.sample, perSecond: share } } };
}
