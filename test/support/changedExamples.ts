import { readFileSync } from 'node:fs';

// Configuration files that are mostly wrong in one place: the example with one change.

/** The example of a configuration file, as JSON. */
export const EXAMPLE: unknown = JSON.parse(readFileSync(new URL('../../config.example.json', import.meta.url), 'utf8'));

/** Values of all kinds: most of them are wrong at most places. */
const VALUES: readonly unknown[] = [
  null, true, false, 0, 1, -1, 1.5, 1000, 1999, 2500, 3306, 5999, 32768, 65536, 2 ** 53, 1e300,
  '', ' ', 'x', 'a'.repeat(64), 'a'.repeat(65), 'a'.repeat(1025), '\u{1f600}'.repeat(64), '\0', '***', 'default',
  '10s', '10 s', '999h', '0ms', '1500ms', '64KiB', '64KB', '99999999TiB', '0B', 'unlimited',
  'db', 'db:3306', 'db:0', 'db:65536', '10.1', '10.0.0.1', '::1', '[::1]', '[::1]:70', '[fe80::1%eth0]:1', ':3306', 'db_1.',
  '/run/x.sock', '/run/', `/${'ü'.repeat(60)}`, '10.0.0.0/8', '10.0.0.0/33', 'fd00::/8', '::ffff:10.0.0.0/64', 'unix',
  '0660', '0888', 'stdout', 'HY000', '00000', 'b266dab9faec510d', 'TLSv1.3', 'verify-full', 'required', 'passthrough',
  '2027-02-29', '2028-02-29', '2026-12-31T18:00:00Z', '2026-12-31T18:00:00',
  'http://127.0.0.1:4318/v1', 'https://user@host', 'http://host?x', 'ftp://host', 'http://bücher.example',
  'at most {limit}', 'at most {lim}', '{', '{}', 'ü'.repeat(300), 'a'.repeat(512),
  [], {}, ['x'], ['x', 'x'], ['hint', 'hint'], ['route', 'job'], ['select', 'call'], ['db:1', { host: 'db', port: 2 }], [[]],
  { unknown: 1 }, { $schema: 'x' }, { host: 'db' }, { path: '/run/x.sock' }, { host: 'db', path: '/x' }, { rows: 5 },
  { name: 'x' }, { 'content-type': 'x' }, { authorization: '***' }, { 'x y': 'z' }, { '': 'z' }, { listen: 'h:1' },
  { tokenFile: '/nowhere' }, { user: 'x' }, { user: 'x', password: '***' }, { user: 'x', passwordFile: '/nowhere' },
  { mode: 'required', cert: '/nowhere', key: '/nowhere' }, { requestCert: true }, { folder: '/nowhere' },
  { permissions: '0660' },
];

type Path = readonly (string | number)[];

/** The paths of all values in a JSON value, its own included. */
function* pathsIn(json: unknown, path: Path = []): Generator<Path> {
  yield path;
  if (typeof json !== 'object' || json === null) return;
  const entries: Iterable<[string | number, unknown]> = Array.isArray(json) ? json.entries() : Object.entries(json);
  for (const [key, value] of entries) yield* pathsIn(value, [...path, key]);
}

/** A copy of a JSON value with another value at a path. `undefined` deletes the key. */
const changed = (json: unknown, [key, ...rest]: Path, value: unknown): unknown => {
  if (key === undefined) return value;
  const copy: Record<string, unknown> | unknown[] = Array.isArray(json) ? [...json] : { ...Object(json) };
  const inner = changed(Object(json)[key], rest, value);
  Object.assign(copy, { [key]: inner });
  if (inner === undefined) Reflect.deleteProperty(copy, key);
  return copy;
};

export interface ChangedExample {
  readonly path: Path;
  /** The new value at the path; undefined if the key was deleted. */
  readonly value: unknown;
  /** The whole file. */
  readonly json: unknown;
}

/** The example with one change: another value, an unknown key, a missing key, or the value in a list. */
export function* changedExamples(): Generator<ChangedExample> {
  for (const path of pathsIn(EXAMPLE)) {
    for (const value of VALUES) yield { path, value, json: changed(EXAMPLE, path, value) };
    for (const key of ['unknown', '$schema']) {
      yield { path: [...path, key], value: 'x', json: changed(EXAMPLE, [...path, key], 'x') };
    }
    const found = path.reduce((inner, key) => Object(inner)[key], EXAMPLE);
    yield { path, value: [found], json: changed(EXAMPLE, path, [found]) };
    if (typeof path.at(-1) === 'string') yield { path, value: undefined, json: changed(EXAMPLE, path, undefined) };
  }
}
