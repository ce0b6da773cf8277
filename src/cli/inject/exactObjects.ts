import { type ExactJson, JsonNumber, type ExactObject } from '../../config/json.js';
import { UsageError } from '../command.js';

// Manifests in memory: JSON that keeps its order and its numbers.

/** The values of which `exact` makes such JSON. */
export type PlainJson =
  null | boolean | number | string | ExactObject | readonly PlainJson[] | { readonly [key: string]: PlainJson };

/** Plain JSON as exact JSON. Keys stand in the order in which they are written here. */
export function exact(value: PlainJson): ExactJson {
  if (typeof value === 'number') return new JsonNumber(String(value));
  if (value === null || typeof value !== 'object') return value;
  if (value instanceof Map) return value;
  if (Array.isArray(value)) return value.map(exact);
  return exactObject(value as Readonly<Record<string, PlainJson>>);
}

/** The same of an object. */
export function exactObject(value: Readonly<Record<string, PlainJson>>): ExactObject {
  return new Map(Object.entries(value).map(([key, part]) => [key, exact(part)]));
}

/** Prints exact JSON as kubectl does, with 4 spaces for each level; on one line if `indent` is ''. */
export function printExact(value: ExactJson, indent = '    ', before = ''): string {
  if (value instanceof JsonNumber) return value.digits;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const within = before + indent;
  const parts = value instanceof Map
    ? [...value].map(([key, part]) => `${JSON.stringify(key)}: ${printExact(part, indent, within)}`)
    : value.map((part) => printExact(part, indent, within));
  const [open, close] = value instanceof Map ? '{}' : '[]';
  if (parts.length === 0) return `${open}${close}`;
  const line = indent === '' ? '' : '\n';
  return `${open}${line}${parts.map((part) => within + part).join(`,${line || ' '}`)}${line}${before}${close}`;
}

/** Whether a value is an object, and no list or plain value. */
export function isMap(value: ExactJson | undefined): value is ExactObject {
  return value instanceof Map;
}

/** The text of a key; undefined if it has none. */
export function textAt(object: ExactObject, key: string): string | undefined {
  const found = object.get(key);
  return typeof found === 'string' ? found : undefined;
}

/**
 * The objects of a list at a key; none if the key is absent or null.
 * @throws {UsageError} if something else stands there
 */
export function objectsAt(object: ExactObject, key: string, owner: string): ExactObject[] {
  const found = object.get(key) ?? [];
  if (Array.isArray(found) && found.every(isMap)) return found;
  throw new UsageError([`${owner}: ${key}: expected a list of objects`]);
}

/**
 * The object at a key; null if the key is absent or null.
 * @throws {UsageError} if something else stands there
 */
export function objectAt(object: ExactObject, key: string, owner: string): ExactObject | null {
  const found = object.get(key) ?? null;
  if (found === null || isMap(found)) return found;
  throw new UsageError([`${owner}: ${key}: expected an object`]);
}
