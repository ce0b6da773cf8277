import { isIP } from 'node:net';
import { suggest } from '../config/schema/suggest.js';
import type { Subject } from '../policy/subject.js';
import { keysAndValues } from '../text/keyAndValue.js';
import { UsageError } from './command.js';

// Reads --as: the client for which `check` looks for a rule.

const KEYS = ['user', 'schema', 'client', 'program', 'attributes.NAME', 'tags.NAME'];
const ATTRIBUTE_PREFIX = 'attributes.';
const TAG_PREFIX = 'tags.';

/** The full key. `program` is short for the attribute that contains it. */
function fullKey(key: string): string {
  return key === 'program' ? `${ATTRIBUTE_PREFIX}program_name` : key;
}

function problemWith(key: string, value: string | null): string | null {
  if (value === null) return `expected KEY=VALUE, got ${JSON.stringify(key)}`;
  const isNamed = [ATTRIBUTE_PREFIX, TAG_PREFIX].some((prefix) => key.startsWith(prefix) && key.length > prefix.length);
  if (!isNamed && !KEYS.includes(key)) {
    const meant = suggest(key, KEYS);
    const remedy = meant === null ? `known here: ${KEYS.join(', ')}` : `did you mean ${meant}?`;
    return `unknown key ${JSON.stringify(key)}, ${remedy}`;
  }
  if (key !== 'client' || value === '' || isIP(value) !== 0) return null;
  return `client: expected an IP address, got ${JSON.stringify(value)}`;
}

/** A client, and the tags of its execution. */
export interface Asker {
  readonly subject: Subject;
  readonly tags: ReadonlyMap<string, string>;
}

/**
 * Reads the flag --as.
 * @param text such as "user=app,attributes._os=Linux,tags.route=/reports"; a comma in a value is written as "\,"
 * @throws {UsageError} with all mistakes
 */
export function askerFrom(text: string): Asker {
  const problems: string[] = [];
  const given = new Map<string, string>();
  for (const [key, value] of keysAndValues(text)) {
    const isSecond = given.has(fullKey(key));
    const problem = isSecond ? `${key} is given more than once` : problemWith(key, value);
    if (problem !== null) problems.push(`--as: ${problem}`);
    else given.set(fullKey(key), value ?? '');
  }
  if (problems.length > 0) throw new UsageError(problems);
  const subject = {
    user: given.get('user') ?? '',
    schema: given.get('schema') ?? '',
    address: given.get('client') ?? '',
    attributes: namedIn(given, ATTRIBUTE_PREFIX),
  };
  return { subject, tags: namedIn(given, TAG_PREFIX) };
}

/** The values of the keys with a prefix, by the rest of the key. */
function namedIn(given: ReadonlyMap<string, string>, prefix: string): ReadonlyMap<string, string> {
  const found = [...given].filter(([key]) => key.startsWith(prefix));
  return new Map(found.map(([key, value]) => [key.slice(prefix.length), value]));
}
