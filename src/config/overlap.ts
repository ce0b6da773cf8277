import type { Match } from './config.js';

/** The patterns under each key of a match, such as "user" or "attributes._os". */
type Conditions = ReadonlyMap<string, readonly string[]>;

/** @returns the conditions of a match, without those that anything meets */
export function conditionsOf({ attributes = {}, ...others }: Match): Conditions {
  const entries: [string, readonly string[]][] = Object.entries(others);
  for (const [name, patterns] of Object.entries(attributes)) entries.push([`attributes.${name}`, patterns]);
  return new Map(entries.filter(([, patterns]) => !patterns.includes('*')));
}

/**
 * @returns whether it is certain that who meets the later conditions meets the earlier ones: these have no
 * key that those have not, and none with fewer patterns
 */
export function cover(earlier: Conditions, later: Conditions): boolean {
  return [...earlier].every(([key, patterns]) => {
    const some = later.get(key);
    return some !== undefined && some.every((pattern) => patterns.includes(pattern));
  });
}
