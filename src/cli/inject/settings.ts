import { fileURLToPath } from 'node:url';
import { isSocketFile, reachedAt } from '../../config/address.js';
import { APPLICATION_MEMORY_VARIABLE } from '../../config/automatic.js';
import type { Address } from '../../config/config.js';
import { loadWithNotices } from '../../config/load.js';
import { replaced, valueAt } from '../../config/overlay.js';
import { AUTO } from '../../config/schema/kinds.js';
import { isObject, join } from '../../config/schema/section.js';
import { VARIABLES, variableOf } from '../../config/variables.js';
import { type Arguments, UsageError } from '../command.js';
import { configOptions } from '../flags.js';
import { type ApplicationMemory, applicationMemory } from './applicationMemory.js';
import type { PodRewrite } from './podEnvironment.js';
import type { Workload } from './workload.js';

// The configuration of a sidecar: that of the command line, or the preset `sidecar`, with what a pod needs.

const { admin: _admin, ...options } = configOptions;

/** The flags of the configuration. */
export const injectOptions = {
  ...options,
  config: { ...options['config'], defaultDescription: 'as sluice preset sidecar prints it' },
  upstream: { ...options['upstream'], defaultDescription: 'the server in the URL of --rewrite' },
};

const PRESET = fileURLToPath(new URL('../../presets/sidecar.json', import.meta.url));
const ADMIN_PORT = 9307;

/**
 * Nobody connects to a native sidecar that is told to end: its application has ended. Kubernetes waits 30 s for all of
 * a pod.
 */
const SHUTDOWN = { acceptFor: '0s', timeout: '20s' };

/** The configuration for a pod. */
export interface PodSettings {
  /** The text of sluice.json. */
  readonly text: string;
  readonly proxy: Address;
  readonly adminPort: number;
  /** The container whose memory limit the pod gives to Sluice; null if no setting needs it. */
  readonly memoryOf: string | null;
}

/** The server that the URLs name. @throws {UsageError} if they name several, or there is none */
function serverIn(rewrites: readonly PodRewrite[], { title }: Workload): string {
  const servers = [...new Set(rewrites.map(({ place }) => place.server))];
  const [server, another] = servers;
  if (another !== undefined) {
    throw new UsageError([`${title}: its URLs name several servers (${servers.join(', ')}): give one as --upstream`]);
  }
  if (server !== undefined) return server;
  throw new UsageError([
    `${title}: the server is not known: give --upstream HOST:PORT, or --rewrite NAME with the variable of its URL`,
  ]);
}

/** The paths of settings that name a file or a folder. */
function* filesIn(json: unknown, path = ''): Generator<string> {
  if (!isObject(json)) return;
  for (const [key, value] of Object.entries(json)) {
    const within = join(path, key);
    if (within === 'audit.to' && value !== 'stdout') yield within;
    if (/(?:File|^(?:ca|cert|key|folder))$/.test(key) && typeof value === 'string') yield within;
    yield* filesIn(value, within);
  }
}

/** The environment without what is for a program that runs here, and with the memory limit that the pod will have. */
function environmentOf(
  all: NodeJS.ProcessEnv, hasFile: boolean, memory: ApplicationMemory | null,
): NodeJS.ProcessEnv {
  const read = VARIABLES.filter((name) => !/^SLUICE_(?:LISTEN|ADMIN.*|WORKERS)$/.test(name));
  const visible = Object.fromEntries(read.map((name) => [name, all[name]]));
  const ofPod = { ...visible, [APPLICATION_MEMORY_VARIABLE]: memory === null ? undefined : String(memory.bytes) };
  return hasFile ? ofPod : { ...ofPod, [variableOf('config')]: PRESET };
}

const BUDGET = ['budget', 'bytes'];

/**
 * Makes the budget follow from the application's memory limit. A configuration's own budget stays.
 * @throws {UsageError} if the configuration asks for that, and there is no limit
 */
function withBudget(json: object, isOwn: boolean, memory: ApplicationMemory | null, { title }: Workload): unknown {
  const own = isOwn ? valueAt(json, BUDGET) : undefined;
  if (own === undefined && memory !== null) return replaced(json, BUDGET, () => AUTO);
  if (own !== AUTO || memory !== null) return json;
  throw new UsageError([
    `${title}: budget.bytes: "auto" is a part of the application's memory limit, and no container that uses the ` +
      'sidecar has one: give resources.limits.memory, or a size such as "256MiB"',
  ]);
}

/**
 * Makes the configuration for one workload.
 * @throws {ConfigError} if it cannot be used
 * @throws {UsageError} if its server is not known, or a pod lacks what it names
 */
export function podSettings(
  given: Arguments, environment: NodeJS.ProcessEnv, rewrites: readonly PodRewrite[], workload: Workload,
): PodSettings {
  const isGiven = (flag: string): boolean => given[flag] !== undefined || Boolean(environment[variableOf(flag)]);
  const hasFile = isGiven('config');
  const memory = applicationMemory(workload, rewrites);
  let text = '';
  let isAutomatic = false;
  const adapt = (json: unknown): unknown => {
    if (!isObject(json)) return json;
    const { upstream, admin, shutdown, ...rest } = json;
    const hasUpstream = upstream !== undefined && (hasFile || isGiven('upstream'));
    const below = isObject(admin) ? admin : {};
    const port = /:(\d+)$/.exec(String(below['listen'] ?? ''))?.[1] ?? ADMIN_PORT;
    const adapted = withBudget({
      upstream: hasUpstream ? upstream : serverIn(rewrites, workload),
      ...rest,
      admin: { ...below, listen: `0.0.0.0:${port}` },
      shutdown: shutdown ?? SHUTDOWN,
    }, hasFile, memory, workload);
    isAutomatic = valueAt(adapted, BUDGET) === AUTO;
    text = `${JSON.stringify(adapted, null, 2)}\n`;
    refuseFiles(adapted);
    return adapted;
  };
  const { config } = loadWithNotices(given, environmentOf(environment, hasFile, memory), adapt);
  const [place] = config.listen;
  if (place === undefined || isSocketFile(place.at)) {
    throw new UsageError(['--listen: the application needs a host and a port, such as 127.0.0.1:3307']);
  }
  return {
    text, proxy: reachedAt(place.at), adminPort: config.admin?.listen.port ?? ADMIN_PORT,
    memoryOf: isAutomatic ? memory?.container ?? null : null,
  };
}

function refuseFiles(json: unknown): void {
  const problems = [...filesIn(json)].map((path) =>
    `config: ${path}: is on this machine, and the pod has only the ConfigMap: leave it out, or write this pod by hand`);
  if (problems.length > 0) throw new UsageError(problems);
}
