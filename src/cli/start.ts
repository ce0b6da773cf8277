import type { Config } from '../config/config.js';
import type { LoadedConfig } from '../config/load.js';
import { formatAddress, formatPlace } from '../config/address.js';
import { finiteOrNull } from '../config/finiteOrNull.js';
import { UNEXPECTED } from '../relay/containment.js';
import { targetsOf } from '../telemetry/otlp/targets.js';
import { type Arguments, type Command, EXIT_CODES } from './command.js';
import { logAdvice } from './adviceLog.js';
import { configFrom, configOptions } from './flags.js';
import { launch, SHORTEST_EXPORT_MS, type Launched } from './launch.js';
import { Shutdown, StopRequests } from './shutdown.js';

// The command `start`: it runs the proxy.

function logStart(config: Config, { proxy, endpoint, logger }: Launched): void {
  const { listen, upstream, mode, limits, audit, telemetry: { otlp } } = config;
  const amount = (limit: number) => finiteOrNull(limit) ?? 'unlimited';
  logger.info(
    {
      address: proxy.places.map(formatPlace).join(', '),
      upstream: upstream.map(({ at }) => formatPlace(at)).join(', '),
      tls: {
        clients: listen.map(({ tls }) => tls.mode).join(', '), server: upstream.map(({ tls }) => tls.mode).join(', '),
      },
      mode,
      limits: { rows: amount(limits.rows), bytes: amount(limits.bytes) },
      audit: audit.to,
      ...(endpoint === null ? {} : { admin: formatAddress(endpoint.address) }),
      ...(otlp === null ? {} : { otlp: Object.fromEntries(targetsOf(otlp)) }),
    },
    'listening',
  );
}

const LONGEST_EXPORT_MS = 5000;

async function startWith(loaded: LoadedConfig, reload: () => LoadedConfig): Promise<number> {
  const { config } = loaded;
  const requests = new StopRequests();
  const launched = await launch(loaded, { loadConfig: reload, stop: (request) => requests.add(request) });
  if (launched === null) return EXIT_CODES.failed;
  const { program, proxy, logger } = launched;
  process.on('SIGHUP', () => {
    program.reload().catch((error: unknown) => logger.error({ err: error }, UNEXPECTED));
  });
  logStart(config, launched);
  logAdvice(logger, loaded);
  const leftMs = await Shutdown.of(program, requests, logger);
  logger.info({ hints: proxy.hints }, 'stopped');
  return launched.exit(EXIT_CODES.ok, Math.min(Math.max(leftMs, SHORTEST_EXPORT_MS), LONGEST_EXPORT_MS));
}

/** Runs the proxy until a signal ends it. */
export const start: Command = {
  name: 'start',
  isDefault: true,
  describe: 'run the proxy',
  options: configOptions,
  run: async (given: Arguments) => startWith(configFrom(given), () => configFrom(given)),
};
