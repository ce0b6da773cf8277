import type { ExactObject } from '../../config/json.js';
import { UsageError } from '../command.js';
import { isMap, objectAt, textAt } from './exactObjects.js';

/** An object of Kubernetes that starts pods, or is one. */
export interface Workload {
  /** "Deployment shop", for messages. */
  readonly title: string;
  readonly name: string;
  /** null if the manifest names none; `kubectl` then uses its own. */
  readonly namespace: string | null;
  /** The pod, or its template: it has `metadata` and `spec`. */
  readonly pod: ExactObject;
  readonly spec: ExactObject;
}

/** The place of the pod's template, by API group and kind. */
const TEMPLATES: Readonly<Record<string, readonly string[]>> = {
  'apps/Deployment': ['spec', 'template'],
  'apps/StatefulSet': ['spec', 'template'],
  'apps/DaemonSet': ['spec', 'template'],
  'batch/Job': ['spec', 'template'],
  'batch/CronJob': ['spec', 'jobTemplate', 'spec', 'template'],
  '/Pod': [],
};

/** The kinds that get a sidecar, for messages. */
export const KINDS = Object.keys(TEMPLATES).map((name) => name.slice(name.indexOf('/') + 1)).join(', ');

/** API group and kind, as in "apps/Deployment" and "/Pod". */
export function typeOf(object: ExactObject): string {
  const version = textAt(object, 'apiVersion') ?? '';
  const group = version.includes('/') ? version.slice(0, version.indexOf('/')) : '';
  return `${group}/${textAt(object, 'kind') ?? ''}`;
}

/** "Deployment shop", or "Deployment shop in prod". */
export function titleOf(object: ExactObject): string {
  const metadata = object.get('metadata');
  const [name, namespace] = isMap(metadata) ? [textAt(metadata, 'name'), textAt(metadata, 'namespace')] : [];
  const kind = textAt(object, 'kind') ?? 'object';
  return `${kind} ${name ?? 'without a name'}${namespace === undefined ? '' : ` in ${namespace}`}`;
}

/**
 * Finds the pod of an object.
 * @returns null if it has none that we know of
 * @throws {UsageError} if it should have one
 */
export function workloadOf(object: ExactObject): Workload | null {
  const path = TEMPLATES[typeOf(object)];
  if (path === undefined) return null;
  const title = titleOf(object);
  const within = (below: ExactObject, key: string): ExactObject => {
    const found = objectAt(below, key, title);
    if (found === null) throw new UsageError([`${title}: expected its pod's spec, and it has no ${key}`]);
    return found;
  };
  const pod = path.reduce(within, object);
  const spec = within(pod, 'spec');
  const metadata = within(object, 'metadata');
  const name = textAt(metadata, 'name');
  if (name === undefined) {
    throw new UsageError([`${title}: needs metadata.name, after which its ConfigMap is named (not generateName)`]);
  }
  return { title, name, namespace: textAt(metadata, 'namespace') ?? null, pod, spec };
}

/** All containers that a pod starts, those at its start first. */
export const CONTAINER_LISTS = ['initContainers', 'containers'] as const;
