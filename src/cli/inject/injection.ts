import type { Address } from '../../config/config.js';
import type { ExactJson, ExactObject } from '../../config/json.js';
import { UsageError } from '../command.js';
import { objectAt, objectsAt, textAt } from './exactObjects.js';
import { changeEnvironment, containersOf, type PodRewrite, restoreEnvironment } from './podEnvironment.js';
import { configDigest, containerOf, NAME, POD_LABEL, type Sidecar, volumeOf } from './sidecar.js';
import { ANNOTATION, parseUndo, printUndo, type Undo } from './undo.js';
import { CONTAINER_LISTS, type Workload } from './workload.js';

/** A sidecar for one workload, and what the application's environment says of it. */
export interface Injection {
  readonly sidecar: Sidecar;
  readonly rewrites: readonly PodRewrite[];
  /** The address at which the application reaches the sidecar. */
  readonly proxy: Address;
}

/**
 * Puts a sidecar into the pod of a workload.
 * @throws {UsageError} if something else has its name or one of its ports
 */
export function inject(workload: Workload, { sidecar, rewrites, proxy }: Injection): void {
  const { pod, spec, title, name } = workload;
  refuseConflicts(workload, sidecar);
  const undo: Undo = { config: configDigest(sidecar), made: new Map(), replaced: [], rewritten: [] };
  changeEnvironment(workload, rewrites, proxy, undo);
  const initContainers = objectsAt(spec, 'initContainers', title);
  put(spec, 'initContainers', [containerOf(sidecar), ...initContainers], undo);
  put(spec, 'volumes', [...objectsAt(spec, 'volumes', title), volumeOf(workload)], undo);
  const metadata = objectAt(pod, 'metadata', title) ?? new Map<string, ExactJson>();
  put(pod, 'metadata', metadata, undo);
  put(metadata, 'labels', new Map(objectAt(metadata, 'labels', title)).set(POD_LABEL, name), undo);
  // Last, so that it knows of all that was made.
  const annotations = new Map(objectAt(metadata, 'annotations', title));
  put(metadata, 'annotations', annotations, undo);
  annotations.set(ANNOTATION, printUndo(undo));
}

/** Sets a key, and notes in `made` whether it was absent or null. */
function put(object: ExactObject, key: string, value: ExactJson, { made }: Undo): void {
  const before = object.get(key);
  if (before === undefined || before === null) made.set(key, before === null ? 'null' : 'absent');
  object.set(key, value);
}

/** Names and labels have at most 63 characters (RFC 1123). */
const LONGEST_LABEL = 63;

function refuseConflicts(workload: Workload, { ports }: Sidecar): void {
  const { title, name, spec } = workload;
  const refuse = (says: string): never => {
    throw new UsageError([`${title}: ${says}`]);
  };
  if (name.length > LONGEST_LABEL) refuse(`its name is too long for a label: at most ${LONGEST_LABEL} characters`);
  const containers = containersOf(workload);
  if (!containers.some((container) => objectsAt(spec, 'containers', title).includes(container))) {
    refuse('has no containers');
  }
  for (const container of containers) {
    if (textAt(container, 'name') === NAME) refuse(`has a container ${NAME} that sluice inject has not put there`);
    const taken = objectsAt(container, 'ports', title).flatMap((port) => portOf(port));
    for (const [flag, port] of Object.entries(ports)) {
      if (!taken.includes(port)) continue;
      const remedy = flag === 'clients' ? '--listen 127.0.0.1:PORT' : 'admin.listen in the file of --config';
      refuse(`the container ${textAt(container, 'name')} has the port ${port}, which is the sidecar's: give ${remedy}`);
    }
  }
  if (objectsAt(spec, 'volumes', title).some((volume) => textAt(volume, 'name') === NAME)) {
    refuse(`has a volume ${NAME} that sluice inject has not put there`);
  }
}

function portOf(port: ExactObject): number[] {
  const found = port.get('containerPort');
  return found !== null && typeof found === 'object' && 'digits' in found ? [Number(found.digits)] : [];
}

/**
 * Takes the sidecar out of the pod of a workload: the pod is again as it was.
 * @returns whether there was one
 * @throws {UsageError} if it cannot be known how it was
 */
export function remove(workload: Workload): boolean {
  const { pod, spec, title } = workload;
  const metadata = objectAt(pod, 'metadata', title);
  const annotations = metadata && objectAt(metadata, 'annotations', title);
  const text = annotations?.get(ANNOTATION);
  if (!metadata || !annotations || text === undefined) return false;
  const undo = parseUndo(text, title);
  annotations.delete(ANNOTATION);
  objectAt(metadata, 'labels', title)?.delete(POD_LABEL);
  for (const key of ['initContainers', 'volumes']) {
    const others = objectsAt(spec, key, title).filter((one) => textAt(one, 'name') !== NAME);
    if (spec.has(key)) spec.set(key, others);
    unmake(spec, key, key, undo);
  }
  for (const key of ['annotations', 'labels']) unmake(metadata, key, key, undo);
  unmake(pod, 'metadata', 'metadata', undo);
  for (const list of CONTAINER_LISTS) {
    for (const container of objectsAt(spec, list, title)) {
      restoreEnvironment(container, title, undo);
      unmake(container, 'env', `env of ${textAt(container, 'name')}`, undo);
    }
  }
  return true;
}


/** Makes a key absent or null again, if nothing else has come to stand there. */
function unmake(object: ExactObject, key: string, place: string, { made }: Undo): void {
  const was = made.get(place);
  const found = object.get(key);
  const isEmpty = Array.isArray(found) ? found.length === 0 : found instanceof Map && found.size === 0;
  if (was === undefined || !isEmpty) return;
  if (was === 'null') object.set(key, null);
  else object.delete(key);
}
