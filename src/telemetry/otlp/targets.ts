import type { OtlpSettings } from '../../config/config.js';

/** What OpenTelemetry tells apart, each with a request of its own. */
export const SIGNALS = ['metrics', 'logs', 'traces'] as const;
export type Signal = (typeof SIGNALS)[number];

/**
 * The URL that each signal goes to, of those that are exported.
 * Source: https://opentelemetry.io/docs/specs/otlp/#otlphttp-request
 */
export function targetsOf(otlp: OtlpSettings): ReadonlyMap<Signal, string> {
  const below = otlp.endpoint.replace(/\/+$/, '');
  const targets = SIGNALS.flatMap((signal): [Signal, string][] => {
    const own = otlp[signal];
    if (own === false) return [];
    return [[signal, own === true ? `${below}/v1/${signal}` : own]];
  });
  return new Map(targets);
}
