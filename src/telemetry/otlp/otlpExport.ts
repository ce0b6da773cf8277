import type { Logger } from 'pino';
import type { TelemetrySettings } from '../../config/config.js';
import { readTlsFiles } from '../../config/tlsFiles.js';
import type { CounterVector } from '../instruments.js';
import { Envelope } from './envelope.js';
import { ExportLog } from './exportLog.js';
import type { Item } from './itemQueue.js';
import { logRecord } from './logs.js';
import { MetricReader, type ReaderParts } from './metricReader.js';
import { SignalExporter, type ExportTarget } from './signalExporter.js';
import { spanOf } from './spans.js';
import { targetsOf, type Signal } from './targets.js';
import type { Timer } from '../../world/time.js';
import { world } from '../../world/world.js';

/**
 * Exports to OpenTelemetry, as the configuration says. If nothing is exported, there is no queue, no timer and no
 * connection. With several workers the primary exports, since it gets the records and metrics of all.
 */
export class OtlpExport {
  private readonly exporters = new Map<Signal, SignalExporter>();
  /** Null if no metrics are exported. */
  private reader: MetricReader | null = null;

  constructor(private readonly parts: ExportParts) {}

  /**
   * Prepares a change to another configuration.
   * @returns a function that makes the change; items that wait then go to the new destination
   * @throws {TlsFileError} if a file cannot be used
   */
  prepare({ otlp, resource }: TelemetrySettings): () => void {
    if (otlp === null) return () => this.direct(new Map(), 0);
    const tls = readTlsFiles(otlp.tls);
    const envelope = new Envelope(resource, this.parts.version);
    const { sentHeaders: headers, timeoutMs } = otlp;
    const targets = [...targetsOf(otlp)].map(([signal, url]): [Signal, ExportTarget] =>
      [signal, { destination: { url, headers, timeoutMs, tls }, envelope }]);
    return () => this.direct(new Map(targets), otlp.intervalMs);
  }

  /** Exports an audit record. */
  record(record: object): void {
    const [logs, traces] = [this.exporters.get('logs'), this.exporters.get('traces')];
    if (logs === undefined && traces === undefined) return;
    const fields = { ...record };
    logs?.add({ text: logRecord(fields, world.dateMs()), count: 1 });
    const span = traces === undefined ? null : spanOf(fields);
    if (span !== null) traces?.add({ text: span, count: 1 });
  }

  /** Sends the waiting items, for at most `withinMs`, and stops. */
  async close(withinMs: number): Promise<void> {
    if (this.exporters.size === 0) return;
    const exporters = [...this.exporters.values()];
    let timer: Timer | undefined;
    const end = new Promise<void>((resolve) => (timer = world.after(withinMs, resolve)));
    await Promise.race([this.flush(exporters), end]);
    world.cancel(timer);
    this.reader?.stop();
    this.reader = null;
    for (const exporter of exporters) exporter.close();
    this.exporters.clear();
  }

  /** Sends the waiting items, and a last reading of the metrics. */
  private async flush(exporters: readonly SignalExporter[]): Promise<void> {
    const others = exporters.filter(({ signal }) => signal !== 'metrics').map((exporter) => exporter.flush());
    await this.reader?.read();
    await Promise.all([...others, this.exporters.get('metrics')?.flush()]);
  }

  /** From now on exports these signals, and metrics at this interval. */
  private direct(targets: ReadonlyMap<Signal, ExportTarget>, intervalMs: number): void {
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
        this.exporters.set(signal, new SignalExporter(signal, target, log));
      }
    }
    this.readMetrics(intervalMs);
  }

  private readMetrics(intervalMs: number): void {
    const exporter = this.exporters.get('metrics');
    if (exporter === undefined) {
      this.reader?.stop();
      this.reader = null;
    } else if (this.reader !== null) {
      this.reader.intervalMs = intervalMs;
    } else {
      const { parts: { logger, read } } = this;
      const take = (item: Item): void => exporter.add(item);
      const failed = (error: unknown): void => logger.error({ err: error }, 'otlp: the metrics could not be read');
      this.reader = new MetricReader({ read, take, failed }, intervalMs);
    }
  }
}

/** The parts of the program that an export needs. */
export interface ExportParts {
  readonly logger: Logger;
  readonly version: string;
  /** Counts the lost items, by signal and reason. */
  readonly dropped: CounterVector;
  /** Reads the metrics of all processes; none before the program has started. */
  readonly read: ReaderParts['read'];
}
