import { isDeepStrictEqual } from 'node:util';
import { Findings } from './schema/findings.js';
import type { Kind } from './schema/kinds.js';
import { isObject, join } from './schema/section.js';

// What flags and variables say, in place of what the file says.

/** A configuration file: its JSON, and the folder where its relative paths start; null where there is no file. */
export interface ConfigFile {
  readonly json: unknown;
  readonly folder: string | null;
}

/** What a flag or a variable says of a setting. */
export interface Given {
  /** "--max-rows" or "SLUICE_MAX_ROWS". */
  readonly from: string;
  readonly isFlag: boolean;
  readonly text: string;
}

/** The same with the setting that it is for. */
export interface GivenSetting extends Given {
  /** The keys on the way to it. */
  readonly keys: readonly string[];
  readonly kind: Kind<unknown>;
  /** Where it sets only some names of an object, those. */
  readonly names?: readonly string[];
}

/** The JSON of a file, with flags and variables in place of its values. */
export interface Overlaid {
  readonly json: unknown;
  /** The name of the flag or variable for each path that one has set. */
  readonly sources: ReadonlyMap<string, string>;
  /** The variables that override the file with another value, one line each. */
  readonly overridden: readonly string[];
}

/** Puts what is given in place of a file's values, in its order. */
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

/** The JSON value at a path; undefined where there is none. */
export function valueAt(json: unknown, keys: readonly string[]): unknown {
  const [key, ...rest] = keys;
  if (key === undefined) return json;
  return isObject(json) && Object.hasOwn(json, key) ? valueAt(json[key], rest) : undefined;
}

/** Replaces the JSON value at a path. Missing objects on the path are made. */
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
