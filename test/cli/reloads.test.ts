import { pino } from 'pino';
import t, { type Test } from 'tap';
import { History } from '../../src/telemetry/history.js';
import { Metrics } from '../../src/telemetry/metrics.js';
import { OtlpExport } from '../../src/telemetry/otlp/otlpExport.js';
import { openAuditLog } from '../../src/audit/auditLog.js';
import type { ReloadResult } from '../../src/telemetry/status.js';
import { Program } from '../../src/cli/program.js';
import { type LoadedConfig, readConfig } from '../../src/config/load.js';
import type { ListenChange } from '../../src/relay/listen/listeners.js';
import type { Proxy } from '../../src/relay/proxy.js';

// Reloads that are requested at the same time, with a proxy whose preparation the test ends.

const NOTHING_CHANGES: ListenChange = { apply() {}, cancel() {} };

interface Reloading {
  readonly program: Program;
  /** The number of times the configuration was read. */
  readonly reads: () => number;
  /** Ends the preparation that is under way, with an error or well. */
  prepared(error?: Error): void;
}

const startReloading = (t: Test): Reloading => {
  const logger = pino({ level: 'silent' });
  const log = { logger, droppedLines: 0, write() {}, close: async () => ({ lostLines: 0, hangs: false }) };
  const config = readConfig({ upstream: 'db', audit: { to: `${t.testdir()}/audit` } });
  const audit = openAuditLog(config.audit, logger);
  t.teardown(() => audit.close());
  let reads = 0;
  let settle: { resolve: (change: ListenChange) => void; reject: (error: Error) => void } | null = null;
  const loadConfig = (): LoadedConfig => {
    reads += 1;
    return { config, notices: [], figures: [] };
  };
  const metrics = new Metrics();
  const otlp = new OtlpExport({ logger, version: '0', dropped: metrics.otlpDropped, read: () => [] });
  const program = new Program(config, { log, audit, metrics, history: new History(), otlp, loadConfig, stop() {} });
  const prepare = (): Promise<ListenChange> => new Promise((resolve, reject) => (settle = { resolve, reject }));
  program.begin({ prepare } as unknown as Proxy);
  return {
    program,
    reads: () => reads,
    prepared: (error) => (error === undefined ? settle!.resolve(NOTHING_CHANGES) : settle!.reject(error)),
  };
};

t.test('makes one reload of all that are asked for while another is under way', async (t) => {
  const { program, reads, prepared } = startReloading(t);
  const first = program.reload();
  const later = Array.from({ length: 1000 }, () => program.reload());
  t.equal(reads(), 1);
  prepared();
  t.match(await first, { isApplied: true });
  t.equal(reads(), 2, 'the file may have changed since the first one read it');
  prepared();
  const results = await Promise.all(later);
  t.ok(results.every((result: ReloadResult) => result === results[0] && result.isApplied), 'and all are told the same');
  t.equal(reads(), 2);
});

t.test('reloads again after an unexpected error', async (t) => {
  const { program, prepared } = startReloading(t);
  const failing = program.reload();
  const next = program.reload();
  prepared(new TypeError('made by the test'));
  t.match(await failing, { isApplied: false, lines: ['made by the test'] });
  prepared();
  t.match(await next, { isApplied: true });
});
