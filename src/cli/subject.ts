import { isIP } from 'node:net';
import { ConfigError } from '../config/load.js';
import { nearest } from '../config/schema/suggest.js';
import type { Subject } from '../policy/subject.js';

// Reads --as: for whom a rule is looked for.

const keys = ['user', 'schema', 'client', 'program', 'attributes.NAME'];
const attributePrefix = 'attributes.';

/** Program is short for the attribute in which it stands. */
function fullKey(key: string): string {
  return key === 'program' ? `${attributePrefix}program_name` : key;
}

function problemWith(key: string, value: string | undefined): string | undefined {
  if (value === undefined) return `expected KEY=VALUE, got ${JSON.stringify(key)}`;
  const isAttribute = key.startsWith(attributePrefix) && key.length > attributePrefix.length;
  if (!isAttribute && !keys.includes(key)) {
    const meant = nearest(key, keys);
    const remedy = meant === undefined ? `known here: ${keys.join(', ')}` : `did you mean ${meant}?`;
    return `unknown key ${JSON.stringify(key)}, ${remedy}`;
  }
  if (key !== 'client' || value === '' || isIP(value) !== 0) return undefined;
  return `client: expected an IP address, got ${JSON.stringify(value)}`;
}

/**
 * Reads whom --as speaks of.
 * @param text as in "user=app,client=10.0.0.7,attributes._os=Linux"; a comma in a value stands there as "\,"
 * @throws {ConfigError} with all that is wrong with it
 */
export function subjectFrom(text: string): Subject {
  const problems: string[] = [];
  const given = new Map<string, string>();
  for (const part of text.split(/(?<!\\),/)) {
    const [, key = part, value] = /^([^=]*)=(.*)$/s.exec(part) ?? [];
    const isSecond = given.has(fullKey(key));
    const problem = isSecond ? `${key} is given more than once` : problemWith(key, value);
    if (problem !== undefined) problems.push(`--as: ${problem}`);
    else given.set(fullKey(key), (value ?? '').replaceAll('\\,', ','));
  }
  if (problems.length > 0) throw new ConfigError(problems);
  const attributes = [...given].filter(([key]) => key.startsWith(attributePrefix));
  return {
    user: given.get('user') ?? '',
    schema: given.get('schema') ?? '',
    address: given.get('client') ?? '',
    attributes: new Map(attributes.map(([key, value]) => [key.slice(attributePrefix.length), value])),
  };
}
