import type { Logger } from 'pino';
import { openAuditLog, type AuditLog } from '../audit/auditLog.js';
import { createLog, type Log } from '../audit/log.js';
import { adviceOn, type Config } from '../config.js';
import { formatAddress } from '../config/address.js';
import { startProxy, type Proxy } from '../relay/proxy.js';
import { exitCodes, say, type Command } from './command.js';
import { configFrom, configOptions } from './flags.js';
import { StopSignals } from './stopSignals.js';

// What ended sessions still have to record after the second signal.
const destroyTimeoutMs = 1000;

function remedyFor(code: string | undefined): string {
  switch (code) {
    case 'EADDRINUSE':
      return 'another program listens there; stop it, or give another address with --listen';
    case 'EACCES':
      return 'ports below 1024 are for root; give a higher one with --listen';
    case 'EADDRNOTAVAIL':
      return 'no interface of this host has that address; give one of its own with --listen';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'the host name cannot be resolved; give an address with --listen';
    default:
      return 'give another address with --listen';
  }
}

function reasonOf(error: unknown): { code: string | undefined; message: string } {
  if (!(error instanceof Error)) return { code: undefined, message: String(error) };
  return { code: 'code' in error ? String(error.code) : undefined, message: error.message };
}

function logStart(logger: Logger, config: Config, proxy: Proxy): void {
  const { upstream, mode, limits, audit } = config;
  const amount = (limit: number) => (limit === Infinity ? 'unlimited' : limit);
  logger.info(
    {
      address: formatAddress(proxy.address),
      upstream: formatAddress(upstream),
      mode,
      limits: { rows: amount(limits.rows), bytes: amount(limits.bytes) },
      audit: audit.to,
    },
    'listening',
  );
  for (const advice of adviceOn(config)) logger.warn(`config: ${advice}`);
}

/** Ends the process once the audit and the log are written. */
async function exit(code: number, audit: AuditLog, log: Log): Promise<never> {
  const auditEnd = await audit.close();
  const logEnd = await log.close();
  // Node joins its threads before it exits, and one that hangs in a write would keep it until somebody reads.
  if (auditEnd.hangs || logEnd.hangs) process.kill(process.pid, 'SIGKILL');
  process.exit(code);
}

function exitOnUncaught(audit: AuditLog, log: Log): void {
  process.once('uncaughtException', (error) => {
    // A second one, while the first is being written down, must not end the process before that is done.
    process.on('uncaughtException', () => {});
    log.logger.fatal({ err: error }, 'an error that nobody expected: please report it');
    void exit(exitCodes.failed, audit, log);
  });
}

/**
 * Serves until it is told to stop: the first signal lets the sessions end by themselves, the second ends
 * them.
 */
async function serve(proxy: Proxy, signals: StopSignals, logger: Logger): Promise<void> {
  const first = await signals.next();
  const ended = proxy.close();
  const sessions = proxy.sessionCount;
  logger.info({ signal: first, sessions }, 'stopping when the sessions have ended, or at a second signal');
  const second = await Promise.race([ended, signals.next()]);
  if (second === undefined) return;
  logger.warn({ signal: second, sessions: proxy.sessionCount }, 'stopping now: the sessions are ended');
  proxy.destroy();
  await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, destroyTimeoutMs))]);
}

async function startWith(config: Config): Promise<number> {
  const log = createLog(config.log.level);
  let audit: AuditLog;
  try {
    audit = openAuditLog(config.audit.to, log.logger);
  } catch (error) {
    say([`sluice: audit.to: ${reasonOf(error).message}: give a file that can be written, or "stdout"`]);
    return exitCodes.failed;
  }
  exitOnUncaught(audit, log);
  const signals = new StopSignals();
  let proxy: Proxy;
  try {
    proxy = await startProxy(config, log.logger, audit);
  } catch (error) {
    const { code, message } = reasonOf(error);
    say([`sluice: cannot listen on ${formatAddress(config.listen)}: ${message}: ${remedyFor(code)}`]);
    return exit(exitCodes.failed, audit, log);
  }
  logStart(log.logger, config, proxy);
  await serve(proxy, signals, log.logger);
  log.logger.info({ hints: proxy.hints }, 'stopped');
  return exit(exitCodes.ok, audit, log);
}

/** Runs the proxy until a signal ends it. */
export const start: Command = {
  name: 'start',
  isDefault: true,
  describe: 'run the proxy',
  options: configOptions,
  run: async (given) => startWith(configFrom(given)),
};
