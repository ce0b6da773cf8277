// Lists and maps: kinds with any number of values of another kind.

import { quote } from './findings.js';
import { either, textLike, unicode } from './jsonSchema.js';
import type { Kind } from './kinds.js';
import { isObject, join } from './section.js';

interface ListParts<T> {
  /** The plural of an item, to follow "a list of": "rules". */
  readonly items: string;
  readonly min?: number;
  readonly max: number;
  /** The property in which all items must differ: its name, and how to read it. */
  readonly distinct?: { readonly what: string; readonly of: (item: T) => string };
}

/** A list of values of one kind: a list in JSON, a frozen array in the program. */
export function list<T>(item: Kind<T>, { items, min = 0, max, distinct }: ListParts<T>): Kind<readonly T[]> {
  const self: Kind<readonly T[]> = {
    expected: `a list of ${min === 0 ? 'at most' : `${min} to`} ${max} ${items}`,
    schema: {
      type: 'array', items: item.schema, minItems: min, maxItems: max,
      ...(distinct !== undefined && item.schema.type === 'string' ? { uniqueItems: true } : {}),
    },
    fromText: (text) => text,
    write: (values) => values.map((value) => item.write(value)),
    read(found, path, findings, inherited) {
      if (!Array.isArray(found) || found.length < min || found.length > max) {
        findings.unexpected(path, self, found);
        return undefined;
      }
      const firstWith = new Map<string, number>();
      const values: T[] = [];
      for (const [index, element] of found.entries()) {
        const value = item.read(element, `${path}[${index}]`, findings, inherited);
        if (value === undefined) continue;
        values.push(value);
        if (!distinct) continue;
        const mark = distinct.of(value);
        const first = firstWith.get(mark) ?? index;
        firstWith.set(mark, first);
        if (first === index) continue;
        findings.add(`${path}[${index}]`, `has the ${distinct.what} ${quote(mark)} of ${path}[${first}]`);
      }
      return values.length === found.length ? Object.freeze(values) : undefined;
    },
  };
  return self;
}

/** A list that may be written without brackets if it has a single item. */
export function oneOrMore<T>(item: Kind<T>, parts: ListParts<T> & { readonly min: 1 }): Kind<readonly T[]> {
  const several = list(item, parts);
  return {
    ...several,
    schema: either(item.schema, several.schema),
    read(found, path, findings, inherited) {
      if (Array.isArray(found)) return several.read(found, path, findings, inherited);
      const single = item.read(found, path, findings, inherited);
      return single === undefined ? undefined : Object.freeze([single]);
    },
  };
}

interface NamedParts {
  readonly max: number;
  /** The pattern of a name. `expectedName` is the pattern in words. */
  readonly name: RegExp;
  readonly expectedName: string;
}

type Named<T> = Readonly<Record<string, T>>;

/** Values of one kind by names that are not known beforehand: an object in JSON and in the program. */
export function named<T>(item: Kind<T>, { max, name, expectedName }: NamedParts): Kind<Named<T>> {
  const exact = unicode(name);
  const self: Kind<Named<T>> = {
    expected: `an object with at most ${max} keys`,
    schema: {
      type: 'object', maxProperties: max, propertyNames: textLike(name), additionalProperties: item.schema,
    },
    fromText: (text) => text,
    write: (values) =>
      Object.fromEntries(Object.entries(values).map(([key, value]) => [key, item.write(value)])),
    read(found, path, findings) {
      if (!isObject(found) || Object.keys(found).length > max) {
        findings.unexpected(path, self, found);
        return undefined;
      }
      const values: [string, T][] = [];
      for (const [key, element] of Object.entries(found)) {
        if (!exact.test(key)) findings.add(join(path, key), `expected ${expectedName} as the key`);
        const value = item.read(element, join(path, key), findings);
        if (value !== undefined) values.push([key, value]);
      }
      const isComplete = values.length === Object.keys(found).length;
      return isComplete ? Object.freeze(Object.fromEntries(values)) : undefined;
    },
  };
  return self;
}
