import { isDeepStrictEqual } from 'node:util';
import t from 'tap';
import { HOST_PATTERN, NETWORK_PATTERN, PEER_PATTERN, placePattern } from '../../src/config/addressPatterns.js';
import { isHost, parsePlace } from '../../src/config/address.js';
import { fileSchema } from '../../src/config/fileSchema.js';
import { ConfigError, readConfig } from '../../src/config/load.js';
import { compileAddressMatcher } from '../../src/config/network.js';
import { parseEnd } from '../../src/config/schema/moment.js';
import { IS_WHOLE } from '../proof/scale.js';
import { changedExamples, EXAMPLE } from '../support/changedExamples.js';
import { schemaFailures } from '../support/jsonSchema.js';
import { Random } from '../support/random.js';
import { problems, withUpstream } from './configFile.js';

const SCHEMA = fileSchema();

/** What `check` finds wrong with a file. */
const refusals = (json: unknown): readonly string[] => {
  try {
    readConfig(json);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
};

/** The mistakes that a schema cannot express. The schema refuses everything else that `check` refuses. */
const BEYOND_THE_SCHEMA: Readonly<Record<string, RegExp>> = {
  files: /: (cannot be read|cannot read|\S+ (is not a folder|holds no|is larger)|expected one line with)|107 bytes, got|"\/ü{60}"$/,
  conflicts: new RegExp([
    'has the \\w+ ".*" of ', 'expected exactly one of', 'a certificate needs its key', 'expected a path alone',
    'required: a host name or an IP address \\(or give path\\)', 'only the file of a Unix socket', 'a Unix socket has no',
    'required with ', 'expected without cert and key', 'cannot be used: ',
  ].join('|')),
  'ranges of values with units': /: expected a (size|time) |: has \d+ bytes, but clients keep 511: shorten it$/,
  secrets: /, not the \*\*\* that Sluice prints|and not the \*\*\* that is printed/,
  'what a flag or a variable may give': /^config: (upstream|admin\.listen): required: /,
};

/** Tries one case of this many; a proof tries all. */
const STEP = IS_WHOLE ? 1 : 8;

t.test('the schema accepts what check accepts, and refuses all else that a schema can express', (t) => {
  const counts = { both: 0, neither: 0 };
  const beyond = new Map(Object.keys(BEYOND_THE_SCHEMA).map((kind) => [kind, 0]));
  const wrong: string[] = [];
  for (const [index, { path, value, json }] of [...changedExamples()].entries()) {
    const namesFile = JSON.stringify(value)?.includes('/nowhere') === true;
    if (index % STEP !== 0 && !namesFile) continue;
    const refused = refusals(json);
    const failures = schemaFailures(SCHEMA, json);
    const shown = `${path.join('.')} = ${JSON.stringify(value)?.slice(0, 60)}`;
    if (refused.length === 0 && failures.length === 0) counts.both += 1;
    else if (refused.length > 0 && failures.length > 0) counts.neither += 1;
    else if (failures.length > 0) wrong.push(`the schema refuses ${shown}: ${failures.join('; ')}`);
    else for (const problem of refused) {
      const [kind] = Object.entries(BEYOND_THE_SCHEMA).find(([, says]) => says.test(problem)) ?? [];
      if (kind === undefined) wrong.push(`check refuses ${shown}: ${problem}`);
      else beyond.set(kind, (beyond.get(kind) ?? 0) + 1);
    }
  }
  t.strictSame(wrong.slice(0, 20), []);
  t.ok(counts.both > 500 / STEP && counts.neither > 5000 / STEP, JSON.stringify(counts));
  for (const [kind, count] of beyond) t.ok(count > 0, `${kind}: ${count}`);
  t.end();
});

t.test('the example names its schema, and fits it', (t) => {
  t.equal(Object(EXAMPLE).$schema, './schema.json');
  t.strictSame(schemaFailures(SCHEMA, EXAMPLE), []);
  t.end();
});

t.test('$schema may stand at the top of a file, as a text, and nowhere else', (t) => {
  t.strictSame(problems(t, withUpstream({ $schema: './schema.json' })), []);
  t.match(problems(t, withUpstream({ $schema: 1 })), [
    'config: $schema: expected the path or the URL of a JSON Schema, got 1',
  ]);
  t.match(problems(t, withUpstream({ limits: { $schema: 'x' } })), [/^config: limits\."\$schema": unknown key/]);
  t.end();
});

t.test('every setting has a description in the schema', (t) => {
  const bare: string[] = [];
  const look = (schema: object, path: string): void => {
    for (const inner of Object(schema).anyOf ?? []) look(inner, path);
    for (const [key, property] of Object.entries<object>(Object(schema).properties ?? {})) {
      const isSection = 'properties' in property;
      if (!isSection && !('description' in property)) bare.push(`${path}.${key}`);
      look(property, `${path}.${key}`);
    }
    if (Object(schema).items !== undefined) look(Object(schema).items, `${path}[]`);
  };
  look(SCHEMA, 'file');
  t.strictSame(bare, []);
  t.end();
});

/** Texts of a few pieces, most of which are parts of addresses or dates. */
const textsOf = function* (pieces: readonly string[], count: number): Generator<string> {
  const random = new Random(19);
  for (let made = 0; made < count; made += 1) {
    yield Array.from({ length: 1 + random.below(9) }, () => random.pick(pieces)).join('');
  }
};

const isNetwork = (text: string): boolean => {
  try {
    compileAddressMatcher(text);
    return true;
  } catch {
    return false;
  }
};

t.test('the patterns of addresses match exactly the texts that are addresses', (t) => {
  const pieces = [
    '10', '255', '256', '0', '00', '1', '.', '.', ':', ':', '::', '::ffff:', '0:0:0:0:0:ffff', 'ffff', 'fd00', 'a', 'db',
    '-', '_', '/', '8', '95', '96', '032', '128', '[', ']', '%', 'eth0', ' ', '65535', '65536', '1.2.3.4', 'x'.repeat(63),
  ];
  const good = { host: 0, place: 0, network: 0 };
  const wrong: string[] = [];
  const compare = (kind: keyof typeof good, text: string, expected: boolean, found: boolean): void => {
    if (expected) good[kind] += 1;
    if (expected !== found) wrong.push(`${kind} ${JSON.stringify(text)}: ${expected}`);
  };
  for (const text of textsOf(pieces, 40_000 / STEP)) {
    compare('host', text, isHost(text), HOST_PATTERN.test(text));
    for (const lowest of [0, 1]) {
      compare('place', text, parsePlace(text, 1, lowest) !== undefined, placePattern(lowest).test(text));
    }
    compare('network', text, isNetwork(text), PEER_PATTERN.test(text));
    compare('network', text, isNetwork(text) && /^[\w:.%/-]{1,100}$/.test(text), NETWORK_PATTERN.test(text));
  }
  t.strictSame(wrong.slice(0, 20), []);
  t.ok(Object.values(good).every((count) => count > 200 / STEP), JSON.stringify(good));
  t.end();
});

t.test('accepts a date exactly if the calendar has that day', (t) => {
  const wrong: string[] = [];
  for (const year of [0, 1900, 2000, 2026, 2028, 2100]) {
    for (let month = 0; month <= 13; month += 1) {
      for (let day = 0; day <= 32; day += 1) {
        const text = [[year, 4], [month, 2], [day, 2]].map(([part, width]) => String(part).padStart(width!, '0')).join('-');
        const ms = Date.parse(`${text}T00:00:00Z`);
        const isDay = !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text);
        if (!isDeepStrictEqual(parseEnd(text), isDay ? ms + 86_400_000 : undefined)) wrong.push(text);
      }
    }
  }
  t.strictSame(wrong, []);
  t.end();
});
