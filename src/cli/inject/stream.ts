import type { ExactJson, ExactObject } from '../../config/json.js';
import { JsonError, parseExactJson } from '../../config/json.js';
import { UsageError } from '../command.js';
import { isMap, objectsAt, printExact } from './exactObjects.js';
import { typeOf } from './workload.js';

// The format of kubectl: objects of Kubernetes, one after the other or in a List.

/**
 * Reads the objects.
 * @param name of the file, for messages
 * @throws {UsageError} if this is not JSON, or not of Kubernetes
 */
export function parseStream(text: string, name: string): ExactObject[] {
  let documents: ExactJson[];
  try {
    documents = parseExactJson(text);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    const yaml = /^\s*(?:---|[\w.-]+:)/.test(text)
      ? ': it looks like YAML, which kubectl create --dry-run=client -o json -f FILE turns into JSON' : '';
    throw new UsageError([`${name}:${error.line}:${error.column}: ${error.message}${yaml}`]);
  }
  if (documents.length === 0) throw new UsageError([`${name}: expected manifests in JSON, and it is empty`]);
  return documents.map((document) => {
    if (isMap(document) && document.has('kind')) return document;
    throw new UsageError([`${name}: expected objects of Kubernetes, with a kind`]);
  });
}

/** Puts other objects in place of each one, also of those in Lists. */
export function replaceAll(
  objects: readonly ExactObject[], replace: (object: ExactObject) => ExactObject[],
): ExactObject[] {
  return objects.flatMap((object) => {
    if (typeOf(object) !== '/List') return replace(object);
    object.set('items', replaceAll(objectsAt(object, 'items', 'List'), replace));
    return [object];
  });
}

/** Prints the objects as kubectl does. */
export function printStream(objects: readonly ExactObject[]): string {
  return objects.map((object) => `${printExact(object)}\n`).join('');
}
