import type { Logger } from 'pino';
import { adviceOn } from '../config/advice.js';
import type { LoadedConfig } from '../config/load.js';
import { descriptorAdvice } from './descriptors.js';

/**
 * Logs what "auto" stands for in a configuration, and warnings: probable mistakes, and facts that its author may not
 * know.
 */
export function logAdvice(logger: Logger, { config, notices, figures }: LoadedConfig): void {
  for (const figure of figures) logger.info(`config: ${figure}`);
  for (const advice of [...notices, ...adviceOn(config), ...descriptorAdvice(config)]) logger.warn(`config: ${advice}`);
}
