import type { OtlpSettings } from '../../config/config.js';
import { OTLP_SIGNALS } from '../../config/telemetry.js';

/** One of OpenTelemetry's signals. */
export type Signal = (typeof OTLP_SIGNALS)[number];

/**
 * The URL of each signal that is exported.
 * Source: https://opentelemetry.io/docs/specs/otlp/#otlphttp-request
 */
export function targetsOf(otlp: OtlpSettings): ReadonlyMap<Signal, string> {
  const below = otlp.endpoint.replace(/\/+$/, '');
  const targets = OTLP_SIGNALS.flatMap((signal): [Signal, string][] => {
    const own = otlp[signal];
    if (own === false) return [];
    return [[signal, own === true ? `${below}/v1/${signal}` : own]];
  });
  return new Map(targets);
}
