import type { Logger } from 'pino';
import { adviceOn } from '../config/advice.js';
import type { LoadedConfig } from '../config/load.js';
import { descriptorAdvice } from './descriptors.js';

/**
 * Logs what "auto" stands for in a configuration, and warnings: probable mistakes, and facts that its author may not
 * know.
 * @param ofHost warnings about what the host allows
 */
export function logAdvice(
  logger: Logger, { config, notices, figures }: LoadedConfig, ofHost: readonly string[] = descriptorAdvice(config),
): void {
  for (const figure of figures) logger.info(`config: ${figure}`);
  for (const advice of [...notices, ...adviceOn(config), ...ofHost]) logger.warn(`config: ${advice}`);
}
