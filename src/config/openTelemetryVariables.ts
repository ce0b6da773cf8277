import { replaced, valueAt, type GivenSetting } from './overlay.js';
import { isObject, walk } from './schema/section.js';
import { settings } from './settings.js';
import { OTLP_SIGNALS, pairsIn } from './telemetry.js';

// The variables that OpenTelemetry has for exporters. They fill in or replace keys of `telemetry`.
// Source: https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/ and
// https://opentelemetry.io/docs/specs/otel/protocol/exporter/

/**
 * Looks at OpenTelemetry's variables. Without `telemetry.otlp` in the file, a variable with an endpoint switches the
 * export on; `OTEL_SDK_DISABLED=true` switches it off in any case. An empty variable counts as none.
 * @param json the file's
 */
export function openTelemetryVariables(json: unknown, environment: NodeJS.ProcessEnv): OpenTelemetryVariables {
  const inFile = valueAt(json, OTLP);
  const endpoints = [ENDPOINT, ...SIGNAL_ENDPOINTS.values()].filter((variable) => environment[variable]);
  const isSwitchedOn = inFile === undefined && endpoints.length > 0;
  const ofResource = givenBy(environment, [RESOURCE]);
  if (!isSwitchedOn && !isObject(inFile)) {
    const unused = inFile === null ? endpoints : [];
    const notices = unused.map((variable) => `telemetry.otlp: is null in the file, so ${variable} is not used`);
    return { json, given: ofResource, notices };
  }
  if (environment[DISABLED]?.toLowerCase() === 'true') {
    const notices = [`telemetry.otlp: ${DISABLED}=true switches it off`];
    return { json: replaced(json, OTLP, () => null), given: ofResource, notices };
  }
  const given = givenBy(environment, [...VARIABLES.keys()]);
  const notices = wrongProtocol(environment);
  if (!isSwitchedOn) return { json, given, notices };
  const verb = endpoints.length === 1 ? 'switches' : 'switch';
  const on = `telemetry.otlp: ${endpoints.join(' and ')} ${verb} it on; ${DISABLED}=true switches it off`;
  return { json: replaced(json, OTLP, () => switchedOn(environment)), given, notices: [on, ...notices] };
}

const ENDPOINT = 'OTEL_EXPORTER_OTLP_ENDPOINT';
const DISABLED = 'OTEL_SDK_DISABLED';
const OTLP = ['telemetry', 'otlp'];
const RESOURCE = 'telemetry.resource';
const HEADERS = 'telemetry.otlp.headers';
/** These set some names of an object each. */
const OF_PAIRS: ReadonlySet<string> = new Set([HEADERS, RESOURCE]);
const SERVICE_NAME = 'OTEL_SERVICE_NAME';

/** The form of the endpoint's variable for one signal, by the signal's key. */
const SIGNAL_ENDPOINTS: ReadonlyMap<string, string> = new Map(
  OTLP_SIGNALS.map((key) => [key, `OTEL_EXPORTER_OTLP_${key.toUpperCase()}_ENDPOINT`]),
);

/** By the paths of the settings that they set. */
const VARIABLES: ReadonlyMap<string, readonly string[]> = new Map([
  ['telemetry.otlp.endpoint', [ENDPOINT]],
  [HEADERS, ['OTEL_EXPORTER_OTLP_HEADERS']],
  ['telemetry.otlp.interval', ['OTEL_METRIC_EXPORT_INTERVAL']],
  ['telemetry.otlp.timeout', ['OTEL_EXPORTER_OTLP_TIMEOUT']],
  ...[...SIGNAL_ENDPOINTS].map(([key, variable]): [string, string[]] => [`telemetry.otlp.${key}`, [variable]]),
  // The name of the service wins over the same name among the attributes.
  [RESOURCE, ['OTEL_RESOURCE_ATTRIBUTES', SERVICE_NAME]],
]);

/** What OpenTelemetry's variables make of a file. */
export interface OpenTelemetryVariables {
  /** The file's JSON, with `telemetry.otlp` switched on or off. */
  readonly json: unknown;
  readonly given: readonly GivenSetting[];
  /** What their author may not expect, one line each. */
  readonly notices: readonly string[];
}

/** Without an endpoint for all, only the signals that have one of their own are exported. */
function switchedOn(environment: NodeJS.ProcessEnv): Record<string, boolean> {
  if (environment[ENDPOINT]) return {};
  const others = [...SIGNAL_ENDPOINTS].filter(([, variable]) => !environment[variable]);
  return Object.fromEntries(others.map(([key]) => [key, false]));
}

function wrongProtocol(environment: NodeJS.ProcessEnv): string[] {
  if (environment['OTEL_EXPORTER_OTLP_PROTOCOL'] !== 'grpc') return [];
  return ['telemetry.otlp: OTEL_EXPORTER_OTLP_PROTOCOL is "grpc", and Sluice speaks http/json alone: ' +
    'give the endpoint of a receiver for HTTP (most often port 4318)'];
}

function givenBy(environment: NodeJS.ProcessEnv, paths: readonly string[]): GivenSetting[] {
  return [...walk(settings)].flatMap(({ path, field: { kind } }) => {
    const variables = paths.includes(path) ? VARIABLES.get(path) ?? [] : [];
    return variables.flatMap((from): GivenSetting[] => {
      const value = environment[from];
      if (!value) return [];
      // It is one pair, and needs the encoding of one.
      const text = from === SERVICE_NAME ? `service.name=${encodeURIComponent(value)}` : value;
      const setting = { keys: path.split('.'), kind, from, isFlag: false, text };
      const pairs = OF_PAIRS.has(path) ? pairsIn(text) : null;
      return [pairs === null ? setting : { ...setting, names: Object.keys(pairs) }];
    });
  });
}
