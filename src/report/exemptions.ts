import type { Config } from '../config/config.js';
import { readConfig } from '../config/load.js';
import { compileRules, firstRule, rulesFor, type CompiledRule } from '../policy/rules.js';
import type { ResultRecord } from './reading.js';

/** Tells which results a proposed configuration exempts: by the code that judges live ones. */
export class Exemptions {
  private readonly rules: readonly CompiledRule[];

  /** @throws {ConfigError} where a rule is wrong */
  constructor(rules: readonly ExemptingRule[]) {
    const config: Config = readConfig({ upstream: 'localhost', rules });
    this.rules = compileRules(config.rules);
  }

  exempts({ user, schema, client, program, digest, digestText, atMs }: ResultRecord): boolean {
    if (this.rules.length === 0) return false;
    const subject = { user, schema, address: client, attributes: new Map([['program_name', program]]) };
    const statement = { kind: 'other', digest: { hash: digest, text: digestText ?? '' } } as const;
    return firstRule(rulesFor(this.rules, subject), () => statement, atMs) !== null;
  }
}

/** A rule in the configuration's notation that lets what it matches have results of any size. */
export interface ExemptingRule {
  readonly name: string;
  readonly match: Readonly<Record<string, string>>;
  readonly limits: { readonly rows: null; readonly bytes: null };
}

/** The part of a configuration that advice comes to. */
export interface ProposedConfig {
  readonly limits: { readonly rows: number | null; readonly bytes: number | string | null };
  readonly rules: readonly ExemptingRule[];
}

/**
 * The rule that exempts whoever and whatever has these properties.
 * @param number tells it from those before it
 */
export function exemptingRule(match: Readonly<Record<string, string>>, number: number): ExemptingRule {
  const named = Object.values(match).join('-').replace(/[^\w.:-]+/g, '_').slice(0, 40);
  return { name: `exempt-${number}-${named}`, match, limits: { rows: null, bytes: null } };
}
