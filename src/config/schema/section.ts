import type { Findings } from './findings.js';
import type { Kind } from './kinds.js';
import { nearest } from './suggest.js';

/** A kind that is made of settings: an object in JSON, a frozen object to the program. */
export interface Section<T> extends Kind<T> {
  readonly fields: readonly Field[];
}

/** One line of the table of settings. */
export interface Setting<T> {
  readonly kind: Kind<T>;
  /** The key in JSON, where the property's name says more: `timeMs` is read from "time". */
  readonly key?: string;
  /**
   * In the configuration's notation. A setting without one is required, unless it is a section or may be left
   * out.
   */
  readonly fallback?: unknown;
  /** What its parts leave out, they take from the settings that stand before it, by the same names. */
  readonly inherits?: true;
  /** What it is for: in the help, and for whoever leaves out what is required. */
  readonly about?: string;
  /** The flag and variable that may override it: the flag's name, what the help calls its value, and such a value. */
  readonly flag?: { readonly name: string; readonly value: string; readonly example: string };
}

/** A setting without which the object simply has no such property. */
interface OptionalSetting<T> extends Setting<T> {
  readonly isOptional: true;
}

/** A setting with its names on both sides: in the configuration's object, and in JSON. */
export interface Field extends Setting<unknown> {
  readonly property: string;
  readonly key: string;
  readonly isOptional?: true;
}

type SettingOf<T, Property extends keyof T> =
  Partial<Pick<T, Property>> extends Pick<T, Property> ? OptionalSetting<T[Property]> : Setting<T[Property]>;

type Settings<T> = { readonly [Property in keyof T]-?: SettingOf<T, Property> };

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isSection(kind: Kind<unknown>): kind is Section<unknown> {
  return 'fields' in kind;
}

/** @returns "limits.rows"; a key that could confuse a terminal or a reader stands there in quotes */
export function join(path: string, key: string): string {
  const shown = /^[\w-]{1,64}$/.test(key) ? key : JSON.stringify(key.slice(0, 64));
  return path === '' ? shown : `${path}.${shown}`;
}

/** Every setting of a section and of the sections within, with its path. */
export function* walk(section: Section<unknown>, path = ''): Generator<{ path: string; field: Field }> {
  for (const field of section.fields) {
    const fieldPath = join(path, field.key);
    yield { path: fieldPath, field };
    if (isSection(field.kind)) yield* walk(field.kind, fieldPath);
  }
}

function unknownKey(section: Section<unknown>, path: string, key: string): string {
  const keys = section.fields.map((field) => field.key);
  const sibling = nearest(key, keys);
  if (sibling !== undefined) return `unknown key, did you mean ${join(path, sibling)}?`;
  const within = [...walk(section, path)].find(({ field }) => field.key === key);
  return within ? `unknown key, did you mean ${within.path}?` : `unknown key, known here: ${keys.join(', ')}`;
}

/** The JSON that stands for a setting where its key is missing, if any. */
function fallbackOf({ kind, fallback }: Field): unknown {
  return fallback === undefined && isSection(kind) ? {} : fallback;
}

/** @param inherited for its parts */
function readField(
  field: Field, object: Record<string, unknown>, path: string, findings: Findings, inherited: unknown,
): unknown {
  const found = Object.hasOwn(object, field.key) ? object[field.key] : fallbackOf(field);
  if (found !== undefined) return field.kind.read(found, path, findings, inherited);
  const orFlag = field.flag ? ` (or give --${field.flag.name})` : '';
  findings.add(path, `required: ${field.about ?? field.kind.expected}${orFlag}`);
  return undefined;
}

/** @param settings for each property of T its line of the table */
export function section<T>(settings: Settings<T>): Section<T> {
  const entries = Object.entries<Setting<unknown>>(settings);
  const fields = entries.map(([property, setting]): Field => ({ key: property, ...setting, property }));
  const keys = new Set(fields.map((field) => field.key));
  const self: Section<T> = {
    expected: 'an object',
    fields,
    fromText: (text) => text,
    read(found, path, findings, inherited) {
      if (!isObject(found)) {
        findings.unexpected(path, self, found);
        return undefined;
      }
      for (const key of Object.keys(found)) {
        if (!keys.has(key)) findings.add(join(path, key), unknownKey(self, path, key));
      }
      const values: Record<string, unknown> = {};
      let isComplete = true;
      for (const field of fields) {
        const heirloom = Object(inherited)[field.property];
        const isMissing = !Object.hasOwn(found, field.key);
        if (isMissing && field.isOptional) continue;
        const value = isMissing && heirloom !== undefined && !isSection(field.kind)
          ? heirloom
          : readField(field, found, join(path, field.key), findings, field.inherits ? values : heirloom);
        if (value === undefined) isComplete = false;
        else values[field.property] = value;
      }
      // Each property was read by the kind that T's own type demands of its setting.
      return isComplete ? Object.freeze(values) as T : undefined;
    },
    write: (value) => Object.fromEntries(
      fields
        .filter((field) => Object.hasOwn(Object(value), field.property))
        .map((field) => [field.key, field.kind.write(Object(value)[field.property])]),
    ),
  };
  return self;
}
