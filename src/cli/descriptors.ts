import { descriptorLimit } from '../telemetry/openDescriptors.js';
import type { Config } from '../config/config.js';

/** The file descriptors of a session: one connection to its client, one to the server. */
const PER_SESSION = 2;
/**
 * Other file descriptors: standard streams, channels, listeners, the audit file, the connections of the admin endpoint
 * and of kills, and Node's own.
 */
const BESIDES = 128;

/**
 * Warns if the process may open too few file descriptors for `connections.max`.
 * @param limit the most file descriptors that the process may open; null if not known
 * @returns the warning as a line that begins with the key; empty if there is none
 */
export function descriptorAdvice(
  { connections, workers }: Pick<Config, 'connections' | 'workers'>, limit = descriptorLimit(),
): string[] {
  const { max } = connections;
  const needed = Math.ceil(max / workers) * PER_SESSION + BESIDES;
  if (limit === null || limit >= needed) return [];
  const fitting = Math.max(0, Math.floor((limit - BESIDES) / PER_SESSION)) * workers;
  const [where, who] = workers === 1 ? ['', 'this process'] : [' in each worker', 'each'];
  return [
    `connections.max: ${max} clients need ${needed} file descriptors${where}, and ${who} may open ${limit}, ` +
      `enough for ${fitting}: raise the limit (ulimit -n, LimitNOFILE=, --ulimit nofile=) or lower connections.max`,
  ];
}
