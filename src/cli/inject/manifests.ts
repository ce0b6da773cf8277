import type { ExactObject } from '../../config/json.js';
import { type Arguments, UsageError, version } from '../command.js';
import { inject, remove } from './injection.js';
import { podRewritesOf } from './podEnvironment.js';
import { podSettings } from './settings.js';
import { configMapOf, isOurs, podMonitorOf, type Sidecar } from './sidecar.js';
import { printStream, replaceAll } from './stream.js';
import { KINDS, titleOf, type Workload, workloadOf } from './workload.js';

// All sidecars of a stream of manifests.

/** The image that `docker build --tag sluice:VERSION` makes. */
export const DEFAULT_IMAGE = `sluice:${version()}`;

/**
 * Takes all sidecars out.
 * @returns how many, with the objects that remain
 * @throws {UsageError}
 */
export function withoutSidecars(
  objects: readonly ExactObject[],
): { readonly left: ExactObject[]; readonly count: number } {
  let count = 0;
  const left = replaceAll(objects, (object) => {
    if (isOurs(object)) return [];
    const workload = workloadOf(object);
    if (workload !== null && remove(workload)) count++;
    return [object];
  });
  return { left, count };
}

/**
 * Puts a sidecar into each workload.
 * @param objects without any, as `withoutSidecars` returns them
 * @param given the flags
 * @throws {UsageError} @throws {ConfigError}
 */
export function withSidecars(
  objects: readonly ExactObject[], given: Arguments, environment: NodeJS.ProcessEnv,
): ExactObject[] {
  const companions = new Companions(objects);
  let count = 0;
  const all = replaceAll(objects, (object) => {
    const workload = workloadOf(object);
    if (workload === null) return [object];
    count++;
    const sidecar = injectOne(workload, given, environment);
    return [
      ...companions.add(configMapOf(workload, sidecar), workload), object,
      ...(given['pod-monitor'] === true ? companions.add(podMonitorOf(workload), workload) : []),
    ];
  });
  if (count > 0) return all;
  throw new UsageError([`sluice: nothing here gets a sidecar: expected one of ${KINDS}, or a List of them`]);
}

/** The objects that come with sidecars. A Deployment and a CronJob of one name share theirs. */
class Companions {
  private readonly present = new Set<string>();
  private readonly made = new Map<string, string>();

  constructor(objects: readonly ExactObject[]) {
    replaceAll(objects, (object) => {
      this.present.add(titleOf(object));
      return [object];
    });
  }

  /** @returns what to put beside the workload @throws {UsageError} if there is another object of this name */
  add(object: ExactObject, workload: Workload): ExactObject[] {
    const [title, text] = [titleOf(object), printStream([object])];
    const refuse = (says: string): never => {
      throw new UsageError([`${workload.title}: needs the ${title}, and ${says}`]);
    };
    if (this.present.has(title)) refuse('there is one that sluice inject has not made');
    const before = this.made.get(title);
    if (before !== undefined && before !== text) refuse('another workload of this name needs another one: rename it');
    this.made.set(title, text);
    return before === undefined ? [object] : [];
  }
}

function injectOne(workload: Workload, given: Arguments, environment: NodeJS.ProcessEnv): Sidecar {
  const rewrites = podRewritesOf(workload, listOf(given['rewrite']));
  const { text, proxy, adminPort, memoryOf } = podSettings(given, environment, rewrites, workload);
  const image = typeof given['image'] === 'string' ? given['image'] : DEFAULT_IMAGE;
  const sidecar = { image, config: text, ports: { clients: proxy.port, admin: adminPort }, memoryOf };
  inject(workload, { sidecar, rewrites, proxy });
  return sidecar;
}

function listOf(value: unknown): readonly string[] {
  return value === undefined ? [] : [...new Set((Array.isArray(value) ? value : [value]).map(String))];
}
