import type { Logger } from 'pino';
import type { TelemetrySettings } from '../../config/config.js';
import { readTlsFiles } from '../../config/tlsFiles.js';
import type { CounterVector } from '../instruments.js';
import { Envelope } from './envelope.js';
import { ExportLog } from './exportLog.js';
import { logRecord } from './logs.js';
import { EXPORT_CLOCK, SignalExporter, type ExportClock, type ExportTarget } from './signalExporter.js';
import { targetsOf, type Signal } from './targets.js';

/**
 * Exports what the configuration says to OpenTelemetry. Where it says nothing there is no queue, no timer and no
 * connection. With several workers it is the primary that exports: records and metrics of all come together there.
 */
export class OtlpExport {
  private readonly exporters = new Map<Signal, SignalExporter>();

  constructor(private readonly parts: ExportParts, private readonly clock: ExportClock = EXPORT_CLOCK) {}

  /**
   * Gets ready for a configuration.
   * @returns what makes it hold; what waits then still goes out, to where the new one says
   * @throws {TlsFileError} where a file cannot be used
   */
  prepare({ otlp, resource }: TelemetrySettings): () => void {
    if (otlp === null) return () => this.direct(new Map());
    const tls = readTlsFiles(otlp.tls);
    const envelope = new Envelope(resource, this.parts.version);
    const { sentHeaders: headers, timeoutMs } = otlp;
    const targets = [...targetsOf(otlp)].map(([signal, url]): [Signal, ExportTarget] =>
      [signal, { destination: { url, headers, timeoutMs, tls }, envelope }]);
    return () => this.direct(new Map(targets));
  }

  /** Takes an audit record. */
  record(record: object): void {
    const logs = this.exporters.get('logs');
    if (logs !== undefined) logs.add({ text: logRecord({ ...record }, Date.now()), count: 1 });
  }

  /** Sends what waits, for so long at most, and ends. */
  async close(withinMs: number): Promise<void> {
    if (this.exporters.size === 0) return;
    const exporters = [...this.exporters.values()];
    let timer: NodeJS.Timeout | undefined;
    const end = new Promise<void>((resolve) => (timer = setTimeout(resolve, withinMs)));
    await Promise.race([Promise.all(exporters.map((exporter) => exporter.flush())), end]);
    clearTimeout(timer);
    for (const exporter of exporters) exporter.close();
    this.exporters.clear();
  }

  /** Exports these signals from here on. */
  private direct(targets: ReadonlyMap<Signal, ExportTarget>): void {
    for (const [signal, exporter] of this.exporters) {
      if (targets.has(signal)) continue;
      exporter.close();
      this.exporters.delete(signal);
    }
    const { logger, dropped } = this.parts;
    for (const [signal, target] of targets) {
      const exporter = this.exporters.get(signal);
      if (exporter !== undefined) exporter.target = target;
      else {
        const log = new ExportLog(signal, logger, dropped);
        this.exporters.set(signal, new SignalExporter(signal, target, log, this.clock));
      }
    }
  }
}

/** What an export needs of the program. */
export interface ExportParts {
  readonly logger: Logger;
  readonly version: string;
  /** Counts what is lost, by signal and reason. */
  readonly dropped: CounterVector;
}
