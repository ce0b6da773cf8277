import type { Config, Rule, StreamingSignal } from '../config/config.js';
import type { PendingCommand } from '../conversation/command.js';
import { GovernedUsage } from './governedUsage.js';
import { compileRules, firstRule, rulesForClient, rulesForSchema, type CompiledRule } from './rules.js';
import { isDumpProgram, isDumpStatement, type JdbcStreaming } from './signals.js';
import type { SqlServer } from '../sql/sqlServer.js';
import { statementBytes } from './statement.js';
import type { Subject } from './subject.js';
import { TermsOf, type Terms } from './terms.js';

/** Says on what terms a response is forwarded. One for all sessions, until the configuration is read again. */
export class Guard {
  private readonly rules: readonly CompiledRule[];
  private readonly termsOfDefault: TermsOf;
  private readonly termsOfRule: ReadonlyMap<Rule, TermsOf>;
  private readonly signals: ReadonlySet<StreamingSignal>;
  private readonly looksForHints: boolean;

  /**
   * @param dateNow the time of day in ms since 1970
   * @param hints where it goes on counting
   */
  constructor(
    config: Config,
    private readonly dateNow: () => number,
    readonly hints: HintCounts = { followed: 0, forbidden: 0, malformed: 0 },
  ) {
    this.rules = compileRules(config.rules);
    this.termsOfDefault = new TermsOf(DEFAULT_RULE, config, null);
    this.termsOfRule = new Map(config.rules.map((rule) => [rule, new TermsOf(rule.name, rule, rule.class)]));
    this.signals = new Set(config.streaming.signals);
    this.looksForHints = [config, ...config.rules].some(({ hints }) => hints !== 'none');
  }

  /** What is known of a client that has said who it is, in front of a server. */
  profile(subject: Subject, server: SqlServer | null = null): Profile {
    const ofClient = rulesForClient(this.rules, subject);
    return {
      subject, server, ofClient,
      candidates: rulesForSchema(ofClient, subject),
      isDumpProgram: this.signals.has('dump') && isDumpProgram(subject),
    };
  }

  /** What is known of the same client with another schema: only what asks for the schema is judged again. */
  withSchema(profile: Profile, schema: string): Profile {
    const subject = { ...profile.subject, schema };
    return { ...profile, subject, candidates: rulesForSchema(profile.ofClient, subject) };
  }

  /**
   * The usage of a response that begins, on the terms that hold for it.
   * Order: a rule's class, then a hint, then a signal.
   */
  govern(command: PendingCommand, profile: Profile, statusFlags: number, jdbc: JdbcStreaming): GovernedUsage {
    const usage = new GovernedUsage(command, statusFlags, profile.server, this.termsOfDefault.buffered);
    this.turn(usage, this.termsOf(profile, usage), profile, jdbc);
    return usage;
  }

  /**
   * The default schema has changed in the middle of a response: for the rest of it hold the terms that it has now.
   * @returns whether they are others
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

  /** Whether a signal that comes up later may still change what class a usage is of: a rule's class is final. */
  trusts(usage: GovernedUsage, signal: StreamingSignal): boolean {
    return this.signals.has(signal) && usage.terms.source.fixedClass === null;
  }

  /** Whether a usage at its limit is judged by its client's pace: where nothing else has told what class it is of. */
  watchesPaceOf(usage: GovernedUsage): boolean {
    const { responseClass, signal } = usage.terms;
    return (responseClass === 'buffered' || signal === 'pace') && this.trusts(usage, 'pace');
  }

  /** The terms of a usage that turned out to be read as a stream. */
  streaming(usage: GovernedUsage, signal: StreamingSignal): Terms {
    return usage.terms.source.streaming(signal);
  }

  private termsOf(profile: Profile, usage: GovernedUsage): TermsOf {
    if (profile.candidates.length === 0) return this.termsOfDefault;
    const rule = firstRule(profile.candidates, () => usage.statement, this.dateNow());
    return rule === null ? this.termsOfDefault : this.termsOfRule.get(rule)!;
  }

  private termsByClass(termsOf: TermsOf): Terms | null {
    return termsOf.fixedClass === 'streaming' ? termsOf.streaming('rule') : null;
  }

  /** What a statement's hint makes of the terms; null where it carries none that is followed. */
  private termsByHint(termsOf: TermsOf, usage: GovernedUsage): Terms | null {
    if (!this.looksForHints || statementBytes(usage.command)?.includes(HINT_MARK) === false) return null;
    const { hint } = usage.statement;
    if (hint.kind === 'none') return null;
    if (hint.kind === 'malformed') {
      this.hints.malformed += 1;
      return null;
    }
    const asksToStream = hint.stream === true && termsOf.fixedClass === null;
    if (!termsOf.allows(hint) || (asksToStream && !this.signals.has('hint'))) {
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
    if (command.shape === 'fetch' && this.signals.has('cursor')) return termsOf.streaming('cursor');
    if (profile.isDumpProgram) return termsOf.streaming('dump');
    if (jdbc.isArmed(command.number) && this.signals.has('jdbc')) return termsOf.streaming('jdbc');
    const isDump = command.text !== null && this.signals.has('dump') && isDumpStatement(command.text);
    return isDump ? termsOf.streaming('dump') : null;
  }
}

/** The rule that stands for the global settings. */
export const DEFAULT_RULE = 'default';

/** The mark that every hint begins with: a statement without it need not be read for one. */
const HINT_MARK = 'sluice:';

/** What is known of a session's client before it asks anything: worked out once, not for each command. */
export interface Profile {
  readonly subject: Subject;
  /** The rules that its client meets, whatever its schema is. */
  readonly ofClient: readonly CompiledRule[];
  /** The rules that can apply to it, whatever it asks. */
  readonly candidates: readonly CompiledRule[];
  readonly isDumpProgram: boolean;
  /** The server that reads what it asks; null where that is not known. */
  readonly server: SqlServer | null;
}

/** What came of the hints that statements carried. */
export interface HintCounts {
  followed: number;
  /** They ask for more than `hints` lets them. */
  forbidden: number;
  malformed: number;
}
