import { replaced, valueAt, type GivenSetting } from './overlay.js';
import { isObject, walk } from './schema/section.js';
import { settings } from './settings.js';
import { OTLP_SIGNALS, pairsIn } from './telemetry.js';

// OpenTelemetry's environment variables for exporters. They set or override keys of `telemetry`.
// Source: https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/ and
// https://opentelemetry.io/docs/specs/otel/protocol/exporter/

/**
 * Reads OpenTelemetry's variables. Without `telemetry.otlp` in the file, a variable with an endpoint switches the
 * export on; `OTEL_SDK_DISABLED=true` always switches it off. An empty variable counts as missing.
 * @param json the JSON of the file
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
/** The settings of which a variable sets only some names. */
const OF_PAIRS: ReadonlySet<string> = new Set([HEADERS, RESOURCE]);
const SERVICE_NAME = 'OTEL_SERVICE_NAME';

/** The form of the endpoint's variable for one signal, by the signal's key. */
const SIGNAL_ENDPOINTS: ReadonlyMap<string, string> = new Map(
  OTLP_SIGNALS.map((key) => [key, `OTEL_EXPORTER_OTLP_${key.toUpperCase()}_ENDPOINT`]),
);

/** The variables of each setting, by the setting's path. */
const VARIABLES: ReadonlyMap<string, readonly string[]> = new Map([
  ['telemetry.otlp.endpoint', [ENDPOINT]],
  [HEADERS, ['OTEL_EXPORTER_OTLP_HEADERS']],
  ['telemetry.otlp.interval', ['OTEL_METRIC_EXPORT_INTERVAL']],
  ['telemetry.otlp.timeout', ['OTEL_EXPORTER_OTLP_TIMEOUT']],
  ...[...SIGNAL_ENDPOINTS].map(([key, variable]): [string, string[]] => [`telemetry.otlp.${key}`, [variable]]),
  // The variable for the service's name overrides the same name among the attributes.
  [RESOURCE, ['OTEL_RESOURCE_ATTRIBUTES', SERVICE_NAME]],
]);

/** The effect of OpenTelemetry's variables on a file. */
export interface OpenTelemetryVariables {
  /** The file's JSON, with `telemetry.otlp` switched on or off. */
  readonly json: unknown;
  readonly given: readonly GivenSetting[];
  /** Warnings about variables with an unexpected effect, one line each. */
  readonly notices: readonly string[];
}

/** Without an endpoint for all signals, only those with their own endpoint are exported. */
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
      // The setting takes pairs, so the name of the service is encoded as one.
      const text = from === SERVICE_NAME ? `service.name=${encodeURIComponent(value)}` : value;
      const setting = { keys: path.split('.'), kind, from, isFlag: false, text };
      const pairs = OF_PAIRS.has(path) ? pairsIn(text) : null;
      return [pairs === null ? setting : { ...setting, names: Object.keys(pairs) }];
    });
  });
}
