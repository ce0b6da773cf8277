import type { Logger } from 'pino';
import { adviceOn } from '../config/advice.js';
import type { LoadedConfig } from '../config/load.js';
import { descriptorAdvice } from './descriptors.js';

/** Warns of what the author of a configuration may not have meant, or not know. */
export function logAdvice(logger: Logger, { config, notices }: LoadedConfig): void {
  for (const advice of [...notices, ...adviceOn(config), ...descriptorAdvice(config)]) logger.warn(`config: ${advice}`);
}
