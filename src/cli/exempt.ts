import { ConfigError } from '../config/load.js';
import { nearest } from '../config/schema/suggest.js';
import { exemptingRule, Exemptions, type ExemptingRule } from '../report/exemptions.js';

// Reads --exempt: whom `advise` leaves out.

const keys = ['user', 'schema', 'client', 'program', 'digest'];

function matchFrom(text: string): Readonly<Record<string, string>> {
  const match: Record<string, string> = {};
  for (const part of text.split(/(?<!\\),/)) {
    const [, key = '', value] = /^([^=]*)=(.*)$/s.exec(part) ?? [];
    if (value === undefined || !keys.includes(key)) {
      const meant = nearest(key, keys);
      const remedy = meant === undefined ? `with any of ${keys.join(', ')}` : `did you mean ${meant}?`;
      throw new ConfigError([`--exempt: expected KEY=PATTERN, ${remedy}, got ${JSON.stringify(part)}`]);
    }
    if (Object.hasOwn(match, key)) {
      throw new ConfigError([`--exempt: ${key} is given more than once: give --exempt again`]);
    }
    match[key] = value.replaceAll('\\,', ',');
  }
  return match;
}

/**
 * Reads whom --exempt names: each time a rule, of which all parts must hold.
 * @param given a text such as "user=report_*,program=cron", or a list of them
 * @throws {ConfigError}
 */
export function exemptFrom(given: unknown): readonly ExemptingRule[] {
  const texts = given === undefined ? [] : Array.isArray(given) ? given.map(String) : [String(given)];
  const rules = texts.map((text, index) => exemptingRule(matchFrom(text), index + 1));
  try {
    new Exemptions(rules);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const asFlag = (problem: string) => problem.replace(/^config: rules\[\d+\]\.match\./, '--exempt: ');
    throw new ConfigError(error.problems.map(asFlag));
  }
  return rules;
}
