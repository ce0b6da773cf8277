import { isDeepStrictEqual } from 'node:util';

// A validator for the keywords of JSON Schema that Sluice's own schema uses. An unknown keyword is an error, so that
// none passes unchecked.

type Schema = Readonly<Record<string, unknown>>;
type Keyword = (expected: never, found: unknown, path: string, schema: Schema) => string[];

const isRecord = (found: unknown): found is Record<string, unknown> =>
  typeof found === 'object' && found !== null && !Array.isArray(found);

const TYPES: Readonly<Record<string, (found: unknown) => boolean>> = {
  object: isRecord,
  array: Array.isArray,
  string: (found) => typeof found === 'string',
  integer: Number.isInteger,
  boolean: (found) => typeof found === 'boolean',
  null: (found) => found === null,
};

const unless = (isGood: boolean, path: string, says: string): string[] => (isGood ? [] : [`${path}: ${says}`]);

/** For texts, numbers, lists and objects alone: a keyword says nothing of values of other types. */
const ofNumbers = (isGood: (found: number, expected: number) => boolean, says: string): Keyword =>
  (expected: number, found, path) =>
    unless(typeof found !== 'number' || isGood(found, expected), path, `${says} ${expected}`);
const ofLists = (isGood: (found: readonly unknown[], expected: never) => boolean, says: string): Keyword =>
  (expected, found, path) => unless(!Array.isArray(found) || isGood(found, expected), path, says);

const patterns = new Map<string, RegExp>();
const compiled = (source: string): RegExp => {
  const pattern = patterns.get(source) ?? new RegExp(source, 'u');
  patterns.set(source, pattern);
  return pattern;
};

const nothing: Keyword = () => [];

const KEYWORDS: Readonly<Record<string, Keyword>> = {
  $schema: nothing, title: nothing, description: nothing, default: nothing,
  type: (type: string, found, path) => unless(TYPES[type]!(found), path, `is no ${type}`),
  enum: (values: readonly unknown[], found, path) => unless(values.includes(found), path, `is none of ${values.join()}`),
  minimum: ofNumbers((found, least) => found >= least, 'is below'),
  maximum: ofNumbers((found, most) => found <= most, 'is above'),
  multipleOf: ofNumbers((found, divisor) => found % divisor === 0, 'is no multiple of'),
  pattern: (source: string, found, path) =>
    unless(typeof found !== 'string' || compiled(source).test(found), path, `does not match ${source.slice(0, 80)}`),
  items: (item: Schema, found, path) =>
    (Array.isArray(found) ? found.flatMap((one, index) => schemaFailures(item, one, `${path}[${index}]`)) : []),
  minItems: ofLists((found, least: number) => found.length >= least, 'has too few items'),
  maxItems: ofLists((found, most: number) => found.length <= most, 'has too many items'),
  uniqueItems: ofLists((found) => found.every((item, index) =>
    !found.slice(0, index).some((other) => isDeepStrictEqual(other, item))), 'has the same item twice'),
  properties: (properties: Readonly<Record<string, Schema>>, found, path) =>
    (isRecord(found)
      ? Object.entries(properties).flatMap(([key, schema]) =>
        (Object.hasOwn(found, key) ? schemaFailures(schema, found[key], `${path}.${key}`) : []))
      : []),
  required: (keys: readonly string[], found, path) =>
    (isRecord(found) ? keys.flatMap((key) => unless(Object.hasOwn(found, key), path, `has no ${key}`)) : []),
  additionalProperties: (others: Schema | false, found, path, { properties = {} }) => {
    const extra = isRecord(found) ? Object.entries(found).filter(([key]) => !Object.hasOwn(Object(properties), key)) : [];
    return extra.flatMap(([key, value]) =>
      (others === false ? [`${path}: has the key ${key}`] : schemaFailures(others, value, `${path}.${key}`)));
  },
  propertyNames: (names: Schema, found, path) =>
    (isRecord(found) ? Object.keys(found).flatMap((key) => schemaFailures(names, key, `${path}, the key`)) : []),
  maxProperties: (most: number, found, path) =>
    unless(!isRecord(found) || Object.keys(found).length <= most, path, 'has too many keys'),
  anyOf: (schemas: readonly Schema[], found, path) =>
    unless(schemas.some((schema) => schemaFailures(schema, found).length === 0), path, 'fits none of the schemas'),
  not: (schema: Schema, found, path) =>
    unless(schemaFailures(schema, found).length > 0, path, 'fits what it must not'),
};

/** Values that fit a schema: files that differ in one place share all others. */
const fitting = new WeakMap<object, WeakSet<object>>();

/**
 * What is wrong with a value by a JSON Schema; nothing where it is valid. The value must not change afterwards.
 * @throws Error for a keyword that is not known here
 */
export function schemaFailures(schema: object, found: unknown, path = 'file'): string[] {
  const fits = fitting.get(schema) ?? new WeakSet();
  const shared = typeof found === 'object' ? found : null;
  if (shared !== null && fits.has(shared)) return [];
  const failures = Object.entries(schema).flatMap(([keyword, expected]) => {
    const check = KEYWORDS[keyword];
    if (check === undefined) throw new Error(`unknown keyword ${keyword}`);
    return check(expected as never, found, path, schema as Schema);
  });
  if (shared !== null && failures.length === 0) fitting.set(schema, fits.add(shared));
  return failures;
}
