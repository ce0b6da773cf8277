import type { Logger } from 'pino';
import type { AdminEndpoint } from '../admin/endpoint.js';
import { Metrics } from '../telemetry/metrics.js';
import { OtlpExport } from '../telemetry/otlp/otlpExport.js';
import { targetsOf } from '../telemetry/otlp/targets.js';
import { openAuditLog, type AuditLog, type MovableAuditLog } from '../audit/auditLog.js';
import { createLog, type Log } from '../audit/log.js';
import type { Config } from '../config/config.js';
import type { LoadedConfig } from '../config/load.js';
import { formatAddress, formatPlace } from '../config/address.js';
import { UNEXPECTED } from '../relay/containment.js';
import { TlsFileError } from '../config/tlsFiles.js';
import { ListenError } from '../relay/listen/listener.js';
import { startProxy, type Proxy } from '../relay/proxy.js';
import { NO_WORKERS, type PrimaryParts } from '../workers/parts.js';
import { type Arguments, type Command, EXIT_CODES, say, version } from './command.js';
import { logAdvice } from './adviceLog.js';
import { configFrom, configOptions } from './flags.js';
import { cannotListen, reasonOf } from './listening.js';
import { Program } from './program.js';
import { Shutdown, StopRequests } from './shutdown.js';
import { finiteOrNull } from '../config/finiteOrNull.js';

// The command `start`: it runs the proxy.

function logStart(logger: Logger, config: Config, proxy: Proxy, endpoint: AdminEndpoint | null): void {
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

/** The writers to be closed before the program ends. */
interface Writers {
  readonly audit: MovableAuditLog;
  readonly log: Log;
  readonly otlp: OtlpExport;
}

/** Ends the process after the export, the audit records and the log are written. */
async function exit(code: number, { audit, log, otlp }: Writers, exportWithinMs = SHORTEST_EXPORT_MS): Promise<never> {
  await otlp.close(exportWithinMs);
  const auditEnd = await audit.close();
  const logEnd = await log.close();
  // Node waits for its threads before it exits. A thread that hangs in a write would delay the exit without a bound.
  if (auditEnd.hangs || logEnd.hangs) process.kill(process.pid, 'SIGKILL');
  process.exit(code);
}

function exitOnUncaught(writers: Writers): void {
  process.once('uncaughtException', (error) => {
    // A second error must not end the process before the first one is written.
    process.on('uncaughtException', () => {});
    writers.log.logger.fatal({ err: error }, UNEXPECTED);
    void exit(EXIT_CODES.failed, writers);
  });
}

/** For how long the end of the program waits for what is still to be exported. */
const SHORTEST_EXPORT_MS = 1000;
const LONGEST_EXPORT_MS = 5000;

/** Starts several processes. Their code is loaded only here. */
async function startWorkers(config: Config, parts: PrimaryParts): Promise<Proxy> {
  const { startPrimary } = await import('../workers/primary.js');
  return startPrimary(config, parts);
}

/** Starts to listen for clients and for the admin endpoint. Null if that is not possible; a message says why. */
async function listen(
  program: Program, config: Config,
): Promise<{ proxy: Proxy; endpoint: AdminEndpoint | null } | null> {
  const { log, audit, metrics, otlp } = program.parts;
  const records: Pick<AuditLog, 'write'> = {
    write(record) {
      audit.write(record);
      otlp.record(record);
    },
  };
  let proxy: Proxy;
  try {
    proxy = config.workers === 1
      ? await startProxy(config, log.logger, records, metrics)
      : await startWorkers(config, { log, audit: records, metrics, version: version() });
  } catch (error) {
    if (error instanceof ListenError) say([`sluice: ${cannotListen(error.place, error, '--listen')}`]);
    else if (error instanceof TlsFileError) say([`sluice: listen.tls.${error.key}: ${error.message}`]);
    else if (reasonOf(error).code === NO_WORKERS) say([`sluice: workers: ${reasonOf(error).message}`]);
    else throw error;
    return null;
  }
  program.begin(proxy);
  if (config.admin === null) return { proxy, endpoint: null };
  try {
    program.endpoint = await program.openEndpoint(config.admin);
    return { proxy, endpoint: program.endpoint };
  } catch (error) {
    say([`sluice: ${cannotListen(config.admin.listen, error, '--admin')}`]);
    return null;
  }
}

async function startWith(loaded: LoadedConfig, reload: () => LoadedConfig): Promise<number> {
  const { config } = loaded;
  const log = createLog(config.log.level, process.stderr.isTTY);
  let audit: MovableAuditLog;
  try {
    audit = openAuditLog(config.audit, log.logger);
  } catch (error) {
    say([`sluice: audit.to: ${reasonOf(error).message}: give a file that can be written, or "stdout"`]);
    return EXIT_CODES.failed;
  }
  const metrics = new Metrics();
  const otlp: OtlpExport = new OtlpExport({
    logger: log.logger, version: version(), dropped: metrics.otlpDropped,
    read: (loopDelay) => program.metricsOfAll(loopDelay),
  });
  const writers = { audit, log, otlp };
  exitOnUncaught(writers);
  const requests = new StopRequests();
  const program: Program = new Program(config, {
    ...writers, metrics, loadConfig: reload, stop: (request) => requests.add(request),
  });
  otlp.prepare(config.telemetry)();
  const listening = await listen(program, config);
  if (listening === null) return exit(EXIT_CODES.failed, writers);
  process.on('SIGHUP', () => {
    program.reload().catch((error: unknown) => log.logger.error({ err: error }, UNEXPECTED));
  });
  logStart(log.logger, config, listening.proxy, listening.endpoint);
  logAdvice(log.logger, loaded);
  const leftMs = await Shutdown.of(program, requests, log.logger);
  log.logger.info({ hints: listening.proxy.hints }, 'stopped');
  return exit(EXIT_CODES.ok, writers, Math.min(Math.max(leftMs, SHORTEST_EXPORT_MS), LONGEST_EXPORT_MS));
}

/** Runs the proxy until a signal ends it. */
export const start: Command = {
  name: 'start',
  isDefault: true,
  describe: 'run the proxy',
  options: configOptions,
  run: async (given: Arguments) => startWith(configFrom(given), () => configFrom(given)),
};
