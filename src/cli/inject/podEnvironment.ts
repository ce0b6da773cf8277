import { formatAddress } from '../../config/address.js';
import type { Address } from '../../config/config.js';
import type { ExactObject } from '../../config/json.js';
import { UsageError } from '../command.js';
import { proxyVariables } from '../run/environment.js';
import { UrlError, urlPlace, type UrlPlace } from '../run/urlPlace.js';
import { exactObject, isMap, objectsAt, textAt } from './exactObjects.js';
import type { Undo } from './undo.js';
import { CONTAINER_LISTS, type Workload } from './workload.js';

// The environment of an application's containers: it holds the address of the sidecar.

/** A variable that holds a URL, in one container. */
export interface PodRewrite {
  readonly container: ExactObject;
  readonly name: string;
  readonly entry: ExactObject;
  readonly place: UrlPlace;
}

/** All containers of a pod, with the names by which messages and the annotation know them. */
export function containersOf({ title, spec }: Workload): ExactObject[] {
  const all = CONTAINER_LISTS.flatMap((list) => objectsAt(spec, list, title));
  if (all.some((container) => textAt(container, 'name') === undefined)) {
    throw new UsageError([`${title}: expected a name of each container`]);
  }
  return all;
}

function entriesOf(container: ExactObject, name: string, title: string): ExactObject | null {
  const [entry = null, another] = objectsAt(container, 'env', title)
    .filter((one) => textAt(one, 'name') === name);
  if (another === undefined) return entry;
  throw new UsageError([`${title}: ${name} is given twice in the container ${textAt(container, 'name')}`]);
}

/** The source of a variable's value, for a message; null if it is a text in the manifest. */
function sourceOf(entry: ExactObject): string | null {
  const from = entry.get('valueFrom');
  if (!isMap(from)) return null;
  const [[kind, reference] = []] = [...from];
  const name = isMap(reference) ? textAt(reference, 'name') : undefined;
  const key = isMap(reference) ? textAt(reference, 'key') : undefined;
  if (name === undefined) return kind ?? 'elsewhere';
  const what = kind === 'secretKeyRef' ? 'the Secret' : 'the ConfigMap';
  return `${what} ${name}${key === undefined ? '' : ` (key ${key})`}`;
}

const WRITE_IT_HERE = 'write the URL here, with user and password from there: ' +
  'value: mysql://$(DB_USER):$(DB_PASSWORD)@HOST:3306/SCHEMA, after these two variables';

/** A URL whose server is the reference to another variable. Its user and password may be such references. */
const VARIABLE_SERVER = /^[^/]*\/\/(?:[^/?#]*@)?(\$\([^/?#@)]*\))[^/?#@]*(?:[/?#]|$)/;

function placeIn(entry: ExactObject): UrlPlace {
  const source = sourceOf(entry);
  if (source !== null) throw new UrlError(`its value comes from ${source}, which is not read: ${WRITE_IT_HERE}`);
  const url = textAt(entry, 'value') ?? '';
  const server = VARIABLE_SERVER.exec(url)?.[1];
  if (server !== undefined) throw new UrlError(`its server is the variable ${server}: write the host here`);
  const place = urlPlace(url);
  if (place.server === '') throw new UrlError('it names no host');
  return place;
}

function* sourcesOfAll(containers: readonly ExactObject[], title: string): Generator<string> {
  for (const container of containers) {
    for (const from of objectsAt(container, 'envFrom', title)) {
      for (const [kind, reference] of from) {
        if (!isMap(reference)) continue;
        yield `${kind === 'secretRef' ? 'the Secret' : 'the ConfigMap'} ${textAt(reference, 'name') ?? ''}`;
      }
    }
  }
}

/**
 * Finds the URLs in which the sidecar's address will stand, in all containers of a pod.
 * @param names the variables that hold them
 * @throws {UsageError} with all variables that no container has, or that hold no such URL
 */
export function podRewritesOf(workload: Workload, names: readonly string[]): PodRewrite[] {
  const { title } = workload;
  const containers = containersOf(workload);
  const problems: string[] = [];
  const rewrites = names.flatMap((name) => {
    const found = containers.flatMap((container) => {
      const entry = entriesOf(container, name, title);
      return entry === null ? [] : [{ container, entry }];
    });
    if (found.length === 0) {
      const sources = [...new Set(sourcesOfAll(containers, title))];
      const hidden = sources.length === 0 ? '' : `; if it comes from ${sources.join(' or ')}, ${WRITE_IT_HERE}`;
      problems.push(`--rewrite ${name}: ${title}: no container has such a variable${hidden}`);
    }
    return found.flatMap(({ container, entry }) => {
      try {
        return [{ container, name, entry, place: placeIn(entry) }];
      } catch (error) {
        if (!(error instanceof UrlError)) throw error;
        problems.push(`--rewrite ${name}: ${title}, container ${textAt(container, 'name')}: ${error.message}`);
        return [];
      }
    });
  });
  if (problems.length > 0) throw new UsageError(problems);
  return rewrites;
}

function nameOf(container: ExactObject): string {
  return textAt(container, 'name') ?? '';
}

/** Writes the sidecar's address into the environment of all containers, and what was there before into `undo`. */
export function changeEnvironment(
  workload: Workload, rewrites: readonly PodRewrite[], proxy: Address, undo: Undo,
): void {
  for (const { container, name, entry, place: { before, server, behind } } of rewrites) {
    entry.set('value', `${before}${formatAddress(proxy)}${behind}`);
    undo.rewritten.push({ container: nameOf(container), name, server });
  }
  for (const container of containersOf(workload)) addVariables(container, proxy, workload.title, undo);
}

/** The new variables stand first: a value can refer, as in `$(SLUICE_HOST)`, to those before it. */
function addVariables(container: ExactObject, proxy: Address, title: string, undo: Undo): void {
  const added: ExactObject[] = [];
  for (const [name, value] of Object.entries(proxyVariables(proxy))) {
    const entry = entriesOf(container, name, title);
    const ours = exactObject({ name, value });
    if (entry === null) {
      added.push(ours);
      continue;
    }
    undo.replaced.push({ container: nameOf(container), entry: new Map(entry) });
    entry.clear();
    for (const [key, part] of ours) entry.set(key, part);
  }
  const present = container.get('env');
  if (present === undefined || present === null) {
    undo.made.set(`env of ${nameOf(container)}`, present === null ? 'null' : 'absent');
  }
  container.set('env', [...added, ...objectsAt(container, 'env', title)]);
}

/** Takes the sidecar's address out of the environment of a container again. */
export function restoreEnvironment(container: ExactObject, title: string, undo: Undo): void {
  const own = nameOf(container);
  const entries = objectsAt(container, 'env', title).flatMap((entry): ExactObject[] => {
    const name = textAt(entry, 'name') ?? '';
    const before = undo.replaced.find((one) => one.container === own && textAt(one.entry, 'name') === name);
    if (before !== undefined) return [before.entry];
    return OUR_VARIABLES.has(name) ? [] : [entry];
  });
  for (const { container: owner, name, server } of undo.rewritten) {
    const entry = owner === own ? entries.find((one) => textAt(one, 'name') === name) : undefined;
    if (entry === undefined) continue;
    entry.set('value', withServer(textAt(entry, 'value') ?? '', server, `${title}: ${name}`));
  }
  if (container.has('env')) container.set('env', entries);
}

function withServer(url: string, server: string, owner: string): string {
  try {
    const { before, behind } = urlPlace(url);
    return `${before}${server}${behind}`;
  } catch (error) {
    if (!(error instanceof UrlError)) throw error;
    throw new UsageError([`${owner} has been changed since sluice inject wrote it: ${error.message}`]);
  }
}

const OUR_VARIABLES: ReadonlySet<string> = new Set(Object.keys(proxyVariables({ host: '', port: 0 })));
