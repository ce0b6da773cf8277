import { isDeepStrictEqual } from 'node:util';
import { Findings } from './schema/findings.js';
import type { Kind } from './schema/kinds.js';
import { isObject, join } from './schema/section.js';

// Flags and variables override values of the file.

/** A configuration file: its JSON, and the folder where its relative paths start; null if there is no file. */
export interface ConfigFile {
  readonly json: unknown;
  readonly folder: string | null;
}

/** The value that a flag or a variable gives to a setting. */
export interface Given {
  /** "--max-rows" or "SLUICE_MAX_ROWS". */
  readonly from: string;
  readonly isFlag: boolean;
  readonly text: string;
}

/** The same, with its setting. */
export interface GivenSetting extends Given {
  /** The setting's path, key by key. */
  readonly keys: readonly string[];
  readonly kind: Kind<unknown>;
  /** The names that it sets, if it sets only some names of an object. */
  readonly names?: readonly string[];
}

/** The JSON of a file after flags and variables have overridden its values. */
export interface Overlaid {
  readonly json: unknown;
  /** The name of the flag or variable for each path that one has set. */
  readonly sources: ReadonlyMap<string, string>;
  /** The variables that override the file with another value, one line each. */
  readonly overridden: readonly string[];
}

/** Overrides a file's values by the given ones, in their order. */
export function overlayAll({ json: below, folder }: ConfigFile, given: Iterable<GivenSetting>): Overlaid {
  const sources = new Map<string, string>();
  const overridden: string[] = [];
  let json = below;
  for (const { keys, kind, from, isFlag, text, names } of given) {
    json = overlay(json, keys, kind, text);
    const places = names === undefined ? [keys] : names.map((name) => [...keys, name]);
    for (const place of places) {
      const path = pathOf(place);
      sources.set(path, from);
      const [before, after] = [valueAt(below, place), valueAt(json, place)];
      if (isFlag || before === undefined || isDeepStrictEqual(before, after)) continue;
      const read = (value: unknown) => kind.read(value, path, new Findings(sources, folder));
      if (names === undefined && isDeepStrictEqual(read(before), read(after))) continue;
      overridden.push(`${path}: ${from} overrides the file; unset it to use the file`);
    }
  }
  return { json, sources, overridden };
}

/** The JSON value at a path; undefined if there is none. */
export function valueAt(json: unknown, keys: readonly string[]): unknown {
  const [key, ...rest] = keys;
  if (key === undefined) return json;
  return isObject(json) && Object.hasOwn(json, key) ? valueAt(json[key], rest) : undefined;
}

/** Replaces the JSON value at a path. Creates missing objects on the path. */
export function replaced(below: unknown, keys: readonly string[], by: (value: unknown) => unknown): unknown {
  const [key, ...rest] = keys;
  if (key === undefined) return by(below);
  if (below !== undefined && !isObject(below)) return below; // reading reports this as an error
  return { ...below, [key]: replaced(below?.[key], rest, by) };
}

function overlay(below: unknown, keys: readonly string[], kind: Kind<unknown>, text: string): unknown {
  return replaced(below, keys, (value) => kind.fromText(text, value));
}

function pathOf(keys: readonly string[]): string {
  return keys.reduce((path, key) => join(path, key), '');
}
