import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { keyValues } from './json.js';
import type { Signal } from './targets.js';

/**
 * What stands around the items of a request: who has made them.
 * @param resource attributes of the configuration, which replace those that Sluice knows of itself
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

/** How OTLP calls what the items of a signal stand in, from the outside to the inside. */
const NAMES: Readonly<Record<Signal, readonly [string, string, string]>> = {
  metrics: ['resourceMetrics', 'scopeMetrics', 'metrics'],
  logs: ['resourceLogs', 'scopeLogs', 'logRecords'],
  traces: ['resourceSpans', 'scopeSpans', 'spans'],
};

/** This run of the program. */
const INSTANCE = randomUUID();
