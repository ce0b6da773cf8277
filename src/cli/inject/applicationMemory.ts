import { type ExactJson, JsonNumber } from '../../config/json.js';
import { UsageError } from '../command.js';
import { isMap, objectsAt, textAt } from './exactObjects.js';
import type { PodRewrite } from './podEnvironment.js';
import type { Workload } from './workload.js';

/** The memory limit of a container of the application. */
export interface ApplicationMemory {
  /** The container's name. */
  readonly container: string;
  /** Its `resources.limits.memory`. */
  readonly bytes: number;
}

/**
 * Finds the memory that results have to fit into. Several containers may use the sidecar, and any of them may get all
 * results that are under way: so the lowest limit counts.
 * @param rewrites the variables with a URL. Their containers use the sidecar; if there are none, all may.
 * @returns null if none of these containers has a limit
 * @throws {UsageError} if a limit is no quantity
 */
export function applicationMemory(workload: Workload, rewrites: readonly PodRewrite[]): ApplicationMemory | null {
  const { title, spec } = workload;
  const rewritten = rewrites.map(({ container }) => container);
  const users = rewritten.length > 0 ? rewritten : objectsAt(spec, 'containers', title);
  const limits = users.flatMap((container) => {
    const limit = valueIn(container, ['resources', 'limits', 'memory']);
    if (limit === null) return [];
    const name = textAt(container, 'name') ?? '';
    const bytes = bytesOf(limit, `${title}: the memory limit of the container ${name}`);
    return bytes === 0 ? [] : [{ container: name, bytes }]; // to Kubernetes 0 is no limit
  });
  const [lowest] = limits.sort((one, other) => one.bytes - other.bytes);
  return lowest ?? null;
}

/** Null where there is nothing. */
function valueIn(object: ExactJson, path: readonly string[]): ExactJson {
  return path.reduce<ExactJson>((found, key) => (isMap(found) ? found.get(key) ?? null : null), object);
}

/** A quantity of Kubernetes, such as 512Mi, 1.5G and 1e9. (API reference, `resource.Quantity`.) */
const QUANTITY = /^\+?(\d+\.?\d*|\.\d+)(?:([KMGTPE]i|[numkMGTPE])|[eE]([+-]?\d{1,2}))?$/;
const DECIMAL: Readonly<Record<string, number>> =
  { n: 1e-9, u: 1e-6, m: 1e-3, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18 };
const BINARY = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

function bytesOf(limit: ExactJson, owner: string): number {
  const text = limit instanceof JsonNumber ? limit.digits : String(limit);
  const [, number, suffix = '', exponent = '0'] = QUANTITY.exec(text) ?? [];
  if (number === undefined) throw new UsageError([`${owner}: expected a quantity such as 512Mi, got ${text}`]);
  const factor = BINARY.includes(suffix) ? 1024 ** (BINARY.indexOf(suffix) + 1) : DECIMAL[suffix] ?? 1;
  return Math.floor(Number(number) * factor * 10 ** Number(exponent));
}
