import type { Findings } from './findings.js';
import type { JsonSchema } from './jsonSchema.js';
import type { Kind } from './kinds.js';
import { suggest } from './suggest.js';

/** A kind that consists of settings: an object in JSON, a frozen object in the program. */
export interface Section<T> extends Kind<T> {
  readonly fields: readonly Field[];
}

/** One line of the table of settings. */
export interface Setting<T> {
  readonly kind: Kind<T>;
  /** The key in JSON, if it differs from the property's name: `timeMs` is read from "time". */
  readonly key?: string;
  /** The default, in JSON. A setting without one is required, unless it is a section or optional. */
  readonly fallback?: unknown;
  /** Parts that are left out take their values from the settings before this one, by the same names. */
  readonly inherits?: true;
  /** Its purpose, for the help and for the message about a missing required setting. */
  readonly about?: string;
  /**
   * The flag and variable that may override it: the flag's name, the name of its value in the help, and an example of a
   * value.
   */
  readonly flag?: { readonly name: string; readonly value: string; readonly example: string };
}

/** A setting that may be absent. The object then lacks the property. */
interface OptionalSetting<T> extends Setting<T> {
  readonly isOptional: true;
}

/** A setting with both of its names: in the program's object, and in JSON. */
export interface Field extends Setting<unknown> {
  readonly property: string;
  readonly key: string;
  readonly isOptional?: true;
}

type SettingOf<T, Property extends keyof T> =
  Partial<Pick<T, Property>> extends Pick<T, Property> ? OptionalSetting<T[Property]> : Setting<T[Property]>;

type Settings<T> = { readonly [Property in keyof T]-?: SettingOf<T, Property> };

/** Whether a JSON value is an object, and no list. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a kind consists of settings. */
export function isSection(kind: Kind<unknown>): kind is Section<unknown> {
  return 'fields' in kind;
}

/** @returns "limits.rows"; a key that could confuse a terminal or a reader is quoted */
export function join(path: string, key: string): string {
  const shown = /^[\w-]{1,64}$/.test(key) ? key : JSON.stringify(key.slice(0, 64));
  return path === '' ? shown : `${path}.${shown}`;
}

/** All settings of a section and of its inner sections, with their paths. */
export function* walk(section: Section<unknown>, path = ''): Generator<{ path: string; field: Field }> {
  for (const field of section.fields) {
    const fieldPath = join(path, field.key);
    yield { path: fieldPath, field };
    if (isSection(field.kind)) yield* walk(field.kind, fieldPath);
  }
}

function unknownKey(section: Section<unknown>, path: string, key: string): string {
  const keys = section.fields.map((field) => field.key);
  const sibling = suggest(key, keys);
  if (sibling !== null) return `unknown key, did you mean ${join(path, sibling)}?`;
  const within = [...walk(section, path)].find(({ field }) => field.key === key);
  return within ? `unknown key, did you mean ${within.path}?` : `unknown key, known here: ${keys.join(', ')}`;
}

/** The JSON of a setting whose key is missing, if there is any. */
function fallbackOf({ kind, fallback }: Field): unknown {
  return fallback === undefined && isSection(kind) ? {} : fallback;
}

/** @param inherited the values that its parts inherit */
function readField(
  field: Field, object: Record<string, unknown>, path: string, findings: Findings, inherited: unknown,
): unknown {
  const found = Object.hasOwn(object, field.key) ? object[field.key] : fallbackOf(field);
  if (found !== undefined) return field.kind.read(found, path, findings, inherited);
  const orFlag = field.flag ? ` (or give --${field.flag.name})` : '';
  findings.add(path, `required: ${field.about ?? field.kind.expected}${orFlag}`);
  return undefined;
}

/** Whether a file has to have it. What a flag can give need not stand in a file. */
function isRequired({ kind, fallback, isOptional, flag }: Field): boolean {
  return fallback === undefined && isOptional === undefined && flag === undefined && !isSection(kind);
}

/** The JSON Schema of a field, with what an editor shows of it. */
function schemaOf({ kind, fallback, about }: Field): JsonSchema {
  const texts = [about, isSection(kind) ? undefined : kind.expected].filter((part) => part !== undefined);
  return {
    ...(texts.length === 0 ? {} : { description: texts.join('; ') }),
    ...(fallback === undefined ? {} : { default: fallback }),
    ...kind.schema,
  };
}

function objectSchema(fields: readonly Field[]): JsonSchema {
  const required = fields.filter(isRequired).map(({ key }) => key);
  return {
    type: 'object',
    properties: Object.fromEntries(fields.map((field) => [field.key, schemaOf(field)])),
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: false,
  };
}

/** @param settings the table: one line for each property of T */
export function section<T>(settings: Settings<T>): Section<T> {
  const entries = Object.entries<Setting<unknown>>(settings);
  const fields = entries.map(([property, setting]): Field => ({ key: property, ...setting, property }));
  const keys = new Set(fields.map((field) => field.key));
  const self: Section<T> = {
    expected: 'an object',
    schema: objectSchema(fields),
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
      // Each property was read by the kind that T requires for it.
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
