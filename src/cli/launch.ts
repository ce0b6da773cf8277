import type { Logger } from 'pino';
import type { AdminEndpoint } from '../admin/endpoint.js';
import { openAuditLog, type AuditLog, type AuditTarget, type MovableAuditLog } from '../audit/auditLog.js';
import { createLog, type Log } from '../audit/log.js';
import type { Config } from '../config/config.js';
import type { LoadedConfig } from '../config/load.js';
import { TlsFileError } from '../config/tlsFiles.js';
import { UNEXPECTED } from '../relay/containment.js';
import { ListenError } from '../relay/listen/listener.js';
import { startProxy, type Proxy } from '../relay/proxy.js';
import { History } from '../telemetry/history.js';
import { Metrics } from '../telemetry/metrics.js';
import { OtlpExport } from '../telemetry/otlp/otlpExport.js';
import { NO_WORKERS, type PrimaryParts } from '../workers/parts.js';
import { EXIT_CODES, say, version } from './command.js';
import { cannotListen } from './listening.js';
import { errorCode, errorText } from '../text/errorText.js';
import { Program, type ProgramParts } from './program.js';

/**
 * Opens the outputs of the program, and listens for clients and for the admin endpoint.
 * @returns null if the audit log cannot be opened. If the program cannot listen, it ends. A message says why.
 */
export async function launch({ config }: LoadedConfig, plan: LaunchPlan): Promise<Launched | null> {
  const { openAudit = openAuditLog, beforeFailing, ...orders } = plan;
  const log = createLog(config.log.level, process.stderr.isTTY);
  let audit: MovableAuditLog;
  try {
    audit = openAudit(config.audit, log.logger);
  } catch (error) {
    say([`sluice: audit.to: ${errorText(error)}: give a file that can be written, or "stdout"`]);
    return null;
  }
  const metrics = new Metrics();
  const otlp: OtlpExport = new OtlpExport({
    logger: log.logger, version: version(), dropped: metrics.otlpDropped,
    read: (loopDelay) => program.metricsOfAll(loopDelay),
  });
  const writers = { audit, log, otlp };
  exitOnUncaught(writers, beforeFailing);
  const program: Program = new Program(config, { ...writers, metrics, history: new History(), ...orders });
  otlp.prepare(config.telemetry)();
  const listening = await listen(program, config);
  if (listening === null) return exit(EXIT_CODES.failed, writers);
  return {
    ...listening, program, metrics, logger: log.logger,
    exit: (code, exportWithinMs) => exit(code, writers, exportWithinMs),
  };
}

/** The options of a launch. */
export interface LaunchPlan extends Pick<ProgramParts, 'loadConfig' | 'stop'> {
  /** @throws the file system's error if the file cannot be opened */
  openAudit?(target: AuditTarget, log: Logger): MovableAuditLog;
  /** Is called first if the program ends because of an unexpected error. */
  beforeFailing?(): Promise<void>;
}

/** A program that listens for clients. */
export interface Launched {
  readonly program: Program;
  readonly proxy: Proxy;
  readonly endpoint: AdminEndpoint | null;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /**
   * Ends the process after the export, the audit records and the log are written.
   * @param exportWithinMs how long the export may take
   */
  exit(code: number, exportWithinMs?: number): Promise<never>;
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

function exitOnUncaught(writers: Writers, before: LaunchPlan['beforeFailing']): void {
  process.once('uncaughtException', (error) => {
    // A second error must not end the process before the first one is written.
    process.on('uncaughtException', () => {});
    writers.log.logger.fatal({ err: error }, UNEXPECTED);
    void (before?.() ?? Promise.resolve()).then(() => exit(EXIT_CODES.failed, writers));
  });
}

/** The time for which the end of the program waits for the export, by default. */
export const SHORTEST_EXPORT_MS = 1000;

/** Starts several processes. Their code is loaded only here. */
async function startWorkers(config: Config, parts: PrimaryParts): Promise<Proxy> {
  const { startPrimary } = await import('../workers/primary.js');
  return startPrimary(config, parts);
}

/** Starts to listen for clients and for the admin endpoint. Null if that is not possible; a message says why. */
async function listen(
  program: Program, config: Config,
): Promise<{ proxy: Proxy; endpoint: AdminEndpoint | null } | null> {
  const { log, audit, metrics, history, otlp } = program.parts;
  const records: Pick<AuditLog, 'write'> = {
    write(record) {
      audit.write(record);
      otlp.record(record);
      if (program.config.admin !== null) history.recorded(record as Readonly<Record<string, unknown>>);
    },
  };
  let proxy: Proxy;
  try {
    proxy = config.workers === 1
      ? await startProxy(config, log.logger, records, metrics, history)
      : await startWorkers(config, { log, audit: records, metrics, history, version: version() });
  } catch (error) {
    if (error instanceof ListenError) say([`sluice: ${cannotListen(error.place, error, '--listen')}`]);
    else if (error instanceof TlsFileError) say([`sluice: listen.tls.${error.key}: ${error.message}`]);
    else if (errorCode(error) === NO_WORKERS) say([`sluice: workers: ${errorText(error)}`]);
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
