import type { Logger } from 'pino';
import { adviceOn } from '../config/advice.js';
import type { LoadedConfig } from '../config/load.js';
import { descriptorAdvice } from './descriptors.js';

/** Logs warnings about a configuration: probable mistakes, and facts that its author may not know. */
export function logAdvice(logger: Logger, { config, notices }: LoadedConfig): void {
  for (const advice of [...notices, ...adviceOn(config), ...descriptorAdvice(config)]) logger.warn(`config: ${advice}`);
}
