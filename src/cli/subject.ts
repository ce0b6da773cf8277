import { isIP } from 'node:net';
import { nearest } from '../config/schema/suggest.js';
import type { Subject } from '../policy/subject.js';
import { keysAndValues } from '../text/keyAndValue.js';
import { UsageError } from './command.js';

// Reads --as: the client for which `check` looks for a rule.

const KEYS = ['user', 'schema', 'client', 'program', 'attributes.NAME'];
const ATTRIBUTE_PREFIX = 'attributes.';

/** The full key. `program` is short for the attribute that contains it. */
function fullKey(key: string): string {
  return key === 'program' ? `${ATTRIBUTE_PREFIX}program_name` : key;
}

function problemWith(key: string, value: string | null): string | undefined {
  if (value === null) return `expected KEY=VALUE, got ${JSON.stringify(key)}`;
  const isAttribute = key.startsWith(ATTRIBUTE_PREFIX) && key.length > ATTRIBUTE_PREFIX.length;
  if (!isAttribute && !KEYS.includes(key)) {
    const meant = nearest(key, KEYS);
    const remedy = meant === undefined ? `known here: ${KEYS.join(', ')}` : `did you mean ${meant}?`;
    return `unknown key ${JSON.stringify(key)}, ${remedy}`;
  }
  if (key !== 'client' || value === '' || isIP(value) !== 0) return undefined;
  return `client: expected an IP address, got ${JSON.stringify(value)}`;
}

/**
 * Reads the flag --as.
 * @param text such as "user=app,client=10.0.0.7,attributes._os=Linux"; a comma in a value is written as "\,"
 * @throws {UsageError} with all mistakes
 */
export function subjectFrom(text: string): Subject {
  const problems: string[] = [];
  const given = new Map<string, string>();
  for (const [key, value] of keysAndValues(text)) {
    const isSecond = given.has(fullKey(key));
    const problem = isSecond ? `${key} is given more than once` : problemWith(key, value);
    if (problem !== undefined) problems.push(`--as: ${problem}`);
    else given.set(fullKey(key), value ?? '');
  }
  if (problems.length > 0) throw new UsageError(problems);
  const attributes = [...given].filter(([key]) => key.startsWith(ATTRIBUTE_PREFIX));
  return {
    user: given.get('user') ?? '',
    schema: given.get('schema') ?? '',
    address: given.get('client') ?? '',
    attributes: new Map(attributes.map(([key, value]) => [key.slice(ATTRIBUTE_PREFIX.length), value])),
  };
}
