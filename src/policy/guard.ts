import type { Config, Rule, StreamingSignal } from '../config/config.js';
import type { PendingCommand } from '../conversation/command.js';
import { GovernedUsage } from './governedUsage.js';
import { refusalOf, refusalsOf, refusesUnjudged, type Refusals, type Refused } from './refusal.js';
import { compileRules, firstRule, rulesForClient, rulesForSchema, type CompiledRule } from './rules.js';
import { isDumpProgram, isDumpStatement, type JdbcStreaming } from './signals.js';
import type { SqlServer } from '../sql/sqlServer.js';
import { statementBytes } from './statement.js';
import type { Subject } from './subject.js';
import { TermsOf, type Terms } from './terms.js';

/** Chooses the terms of each response. All sessions share one guard, until the configuration is read again. */
export class Guard {
  private readonly rules: readonly CompiledRule[];
  private readonly termsOfDefault: TermsOf;
  private readonly termsOfRule: ReadonlyMap<Rule, TermsOf>;
  private readonly signals: ReadonlySet<StreamingSignal>;
  private readonly looksForHints: boolean;
  /** The most that the rules do about statements of any client. */
  readonly refusals: Refusals;

  /**
   * @param dateNow the time of day in ms since 1970
   * @param hints the counts to continue
   */
  constructor(
    config: Config,
    private readonly dateNow: () => number,
    readonly hints: HintCounts = { followed: 0, forbidden: 0, malformed: 0 },
  ) {
    this.rules = compileRules(config.rules);
    this.signals = new Set(config.streaming.signals);
    this.termsOfDefault = new TermsOf(DEFAULT_RULE, config, null, this.signals);
    this.termsOfRule = new Map(config.rules.map((rule) =>
      [rule, new TermsOf(rule.name, rule, rule.class, this.signals)]));
    this.refusals = refusalsOf(this.rules);
    this.looksForHints = [config, ...config.rules].some(({ hints }) => hints !== 'none');
  }

  /** The profile of an identified client in front of a server. */
  profile(subject: Subject, server: SqlServer | null = null): Profile {
    const ofClient = rulesForClient(this.rules, subject);
    const candidates = rulesForSchema(ofClient, subject);
    return {
      subject, server, ofClient, candidates,
      refusals: refusalsOf(ofClient),
      isDumpProgram: this.signals.has('dump') && isDumpProgram(subject),
    };
  }

  /** The profile of the same client with another schema. Only the conditions on the schema are checked again. */
  withSchema(profile: Profile, schema: string): Profile {
    const subject = { ...profile.subject, schema };
    const candidates = rulesForSchema(profile.ofClient, subject);
    return { ...profile, subject, candidates };
  }

  /**
   * Makes the usage of a response that begins, with its terms. The class of the response comes from a rule, or else
   * from a hint, or else from a signal.
   */
  govern(command: PendingCommand, profile: Profile, statusFlags: number, jdbc: JdbcStreaming): GovernedUsage {
    const usage = new GovernedUsage(command, statusFlags, profile.server, this.termsOfDefault.buffered);
    this.turn(usage, this.termsOf(profile, usage), profile, jdbc);
    return usage;
  }

  /** Makes the usage of a statement that has ended without a result, with its rule: no limit applies to it. */
  governEnded(command: PendingCommand, profile: Profile, statusFlags: number): GovernedUsage {
    const usage = new GovernedUsage(command, statusFlags, profile.server, this.termsOfDefault.buffered);
    const termsOf = this.termsOf(profile, usage);
    usage.begin(this.termsByClass(termsOf) ?? termsOf.buffered);
    return usage;
  }

  /**
   * Judges a command before the server gets it.
   * @returns the refusal, with a usage that tells the command's statement; null if the command may pass
   */
  refusalOf(command: PendingCommand, profile: Profile, statusFlags: number): Refused | null {
    const usage = new GovernedUsage(command, statusFlags, profile.server, this.termsOfDefault.buffered);
    const refusal = refusalOf(profile, usage, this.dateNow());
    return refusal === null ? null : { usage, refusal };
  }

  /** Whether nothing may pass unjudged for this client. */
  refusesUnjudged(profile: Profile): boolean {
    return refusesUnjudged(profile.candidates, this.dateNow());
  }

  /**
   * Chooses the terms for the rest of a response after its default schema has changed.
   * @returns whether the terms have changed
   */
  governAgain(usage: GovernedUsage, profile: Profile, jdbc: JdbcStreaming): boolean {
    const termsOf = this.termsOf(profile, usage);
    if (termsOf === usage.terms.source) return false;
    this.turn(usage, termsOf, profile, jdbc);
    return true;
  }

  private turn(usage: GovernedUsage, termsOf: TermsOf, profile: Profile, jdbc: JdbcStreaming): void {
    const terms =
      this.termsByClass(termsOf) ?? this.termsByHint(termsOf, usage) ??
      this.termsBySignal(termsOf, usage.command, profile, jdbc);
    usage.begin(terms ?? termsOf.buffered);
  }

  private termsOf(profile: Profile, usage: GovernedUsage): TermsOf {
    if (profile.candidates.length === 0) return this.termsOfDefault;
    const rule = firstRule(profile.candidates, () => usage, this.dateNow());
    return rule === null ? this.termsOfDefault : this.termsOfRule.get(rule)!;
  }

  private termsByClass(termsOf: TermsOf): Terms | null {
    return termsOf.fixedClass === 'streaming' ? termsOf.streaming('rule') : null;
  }

  /** The terms that a statement's hint asks for; null if there is no hint that is followed. */
  private termsByHint(termsOf: TermsOf, usage: GovernedUsage): Terms | null {
    if (!this.looksForHints || statementBytes(usage.command)?.includes(HINT_MARK) === false) return null;
    const { hint } = usage.statement;
    if (hint.kind === 'none') return null;
    if (hint.kind === 'malformed') {
      this.hints.malformed += 1;
      return null;
    }
    const asksToStream = hint.stream === true && termsOf.fixedClass === null;
    if (!termsOf.allows(hint) || (asksToStream && !termsOf.trusts('hint'))) {
      this.hints.forbidden += 1;
      return null;
    }
    this.hints.followed += 1;
    return asksToStream ? termsOf.streaming('hint') : termsOf.hinted(hint);
  }

  private termsBySignal(
    termsOf: TermsOf, command: PendingCommand, profile: Profile, jdbc: JdbcStreaming,
  ): Terms | null {
    if (termsOf.fixedClass !== null) return null;
    if (command.shape === 'fetch' && termsOf.trusts('cursor')) return termsOf.streaming('cursor');
    if (profile.isDumpProgram) return termsOf.streaming('dump');
    if (jdbc.isArmed(command.number) && termsOf.trusts('jdbc')) return termsOf.streaming('jdbc');
    const isDump = command.text !== null && termsOf.trusts('dump') && isDumpStatement(command.text);
    return isDump ? termsOf.streaming('dump') : null;
  }
}

/** The name of the rule for the global settings. */
export const DEFAULT_RULE = 'default';

/** The mark of every hint. A statement without it has no hint. */
const HINT_MARK = 'sluice:';

/** The facts about a session's client, worked out once and not for each command. */
export interface Profile {
  readonly subject: Subject;
  /** The rules that match its client with any schema. */
  readonly ofClient: readonly CompiledRule[];
  /** The rules that can match it with any statement. */
  readonly candidates: readonly CompiledRule[];
  /** The most that the rules do about statements of its client, with any schema: a text may begin with a USE. */
  readonly refusals: Refusals;
  readonly isDumpProgram: boolean;
  /** The server that reads its statements; null if not known. */
  readonly server: SqlServer | null;
}

/** Counts of hints, by outcome. */
export interface HintCounts {
  followed: number;
  /** They ask for more than `hints` allows. */
  forbidden: number;
  malformed: number;
}
