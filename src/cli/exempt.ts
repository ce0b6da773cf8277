import { ConfigError } from '../config/load.js';
import { suggest } from '../config/schema/suggest.js';
import { exemptingRule, Exemptions, type ExemptingRule } from '../report/exemptions.js';
import { keysAndValues } from '../text/keyAndValue.js';
import { UsageError } from './command.js';

// Reads --exempt: the clients and statements that `advise` does not limit.

const KEYS = ['user', 'schema', 'client', 'program', 'digest'];

function matchFrom(text: string): Readonly<Record<string, string>> {
  const match: Record<string, string> = {};
  for (const [key, value, part] of keysAndValues(text)) {
    if (value === null || !KEYS.includes(key)) {
      const meant = value === null ? null : suggest(key, KEYS);
      const remedy = meant === null ? `with any of ${KEYS.join(', ')}` : `did you mean ${meant}?`;
      throw new UsageError([`--exempt: expected KEY=PATTERN, ${remedy}, got ${JSON.stringify(part)}`]);
    }
    if (Object.hasOwn(match, key)) {
      throw new UsageError([`--exempt: ${key} is given more than once: give --exempt again`]);
    }
    match[key] = value;
  }
  return match;
}

/**
 * Reads the flag --exempt. Each use is one rule, whose conditions must all hold.
 * @param given a text such as "user=report_*,program=cron", or a list of such texts
 * @throws {UsageError}
 */
export function exemptFrom(given: unknown): readonly ExemptingRule[] {
  const texts = given === undefined ? [] : Array.isArray(given) ? given.map(String) : [String(given)];
  const rules = texts.map((text, index) => exemptingRule(matchFrom(text), index + 1));
  try {
    new Exemptions(rules);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const asFlag = (problem: string) => problem.replace(/^config: rules\[\d+\]\.match\./, '--exempt: ');
    throw new UsageError(error.problems.map(asFlag));
  }
  return rules;
}
