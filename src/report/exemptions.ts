import type { Config } from '../config/config.js';
import { readConfig } from '../config/load.js';
import { compileRules, firstRule, rulesFor, type CompiledRule } from '../policy/rules.js';
import type { ResultRecord } from './reading.js';

/** Finds the results that a proposed configuration exempts, with the code that judges live results. */
export class Exemptions {
  private readonly rules: readonly CompiledRule[];

  /** @throws {ConfigError} if a rule is not valid */
  constructor(rules: readonly ExemptingRule[]) {
    const config: Config = readConfig({ upstream: 'localhost', rules });
    this.rules = compileRules(config.rules);
  }

  exempts({ user, schema, client, program, digest, digestText, tags, atMs }: ResultRecord): boolean {
    if (this.rules.length === 0) return false;
    const subject = { user, schema, address: client, attributes: new Map([['program_name', program]]) };
    const statement = { kind: 'other', digest: { hash: digest, text: digestText ?? '' } } as const;
    return firstRule(rulesFor(this.rules, subject), () => ({ statement, tags }), atMs) !== null;
  }
}

/** A rule, in the notation of the configuration, that exempts its matches from all limits. */
export interface ExemptingRule {
  readonly name: string;
  readonly match: Readonly<Record<string, string>>;
  readonly limits: { readonly rows: null; readonly bytes: null };
}

/** The part of a configuration that advice proposes. */
export interface ProposedConfig {
  readonly limits: { readonly rows: number | null; readonly bytes: number | string | null };
  readonly rules: readonly ExemptingRule[];
}

/**
 * Makes the rule that exempts all clients and statements with these properties.
 * @param number for its name, which must differ from those of other rules
 */
export function exemptingRule(match: Readonly<Record<string, string>>, number: number): ExemptingRule {
  const named = Object.values(match).join('-').replace(/[^\w.:-]+/g, '_').slice(0, 40);
  return { name: `exempt-${number}-${named}`, match, limits: { rows: null, bytes: null } };
}
