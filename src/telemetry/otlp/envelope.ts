import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { keyValues } from './json.js';
import type { Signal } from './targets.js';

/**
 * The JSON around the items of a request. It names the program that created the items.
 * @param resource attributes from the configuration; they override Sluice's own
 */
export class Envelope {
  private readonly resource: string;
  private readonly scope: string;

  constructor(resource: Readonly<Record<string, string>>, version: string) {
    const attributes = {
      'service.name': 'sluice',
      'service.version': version,
      'service.instance.id': INSTANCE,
      'host.name': hostname(),
      'process.pid': process.pid,
      ...resource,
    };
    this.resource = JSON.stringify({ attributes: keyValues(attributes) });
    this.scope = JSON.stringify({ name: 'sluice', version });
  }

  /** @param items in OTLP's JSON. @returns the body of a request */
  around(signal: Signal, items: readonly string[]): string {
    const [outer, middle, inner] = NAMES[signal];
    return `{"${outer}":[{"resource":${this.resource},"${middle}":[{"scope":${this.scope},"${inner}":[` +
      `${items.join(',')}]}]}]}`;
  }
}

/** The names of OTLP's lists around the items of a signal, from the outermost to the innermost. */
const NAMES: Readonly<Record<Signal, readonly [string, string, string]>> = {
  metrics: ['resourceMetrics', 'scopeMetrics', 'metrics'],
  logs: ['resourceLogs', 'scopeLogs', 'logRecords'],
  traces: ['resourceSpans', 'scopeSpans', 'spans'],
};

/** Identifies this run of the program. */
const INSTANCE = randomUUID();
