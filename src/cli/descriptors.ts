import { descriptorLimit } from '../telemetry/prometheus.js';
import type { Config } from '../config/config.js';

/** A session has a connection to its client and one to the server. */
const PER_SESSION = 2;
/**
 * Standard streams, channels, listeners, the audit file, the admin endpoint's connections, those for killing, Node's
 * own.
 */
const BESIDES = 128;

/**
 * @param limit how many file descriptors the process may have open; null where nobody knows
 * @returns what to do where these are too few for `connections.max`, as a line that begins with the key
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
