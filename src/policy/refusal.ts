import type { Rule } from '../config/config.js';
import { fill } from '../config/messageTemplate.js';
import type { GovernedUsage } from './governedUsage.js';
import { firstRule, type CompiledRule } from './rules.js';
import type { Statement } from './statement.js';

/** The decision that a command is refused, or would be. */
export interface Refusal {
  /** In mode `audit` it is only recorded. */
  readonly action: 'refuse' | 'would-refuse';
  readonly reason: RefusalReason;
  readonly rule: Rule;
}

/** A command that is refused, or would be. It has no response: its usage counts nothing. */
export interface Refused {
  readonly usage: GovernedUsage;
  readonly refusal: Refusal;
}

export type RefusalReason =
  /** One of its statements meets the rule. */
  | 'statement'
  /** It may hold a statement that cannot be told, and the rule refuses what cannot be judged. */
  | 'unjudged';

/** Whether one of the rules refuses statements, or records that it would. */
export function haveRefusals(candidates: readonly CompiledRule[]): boolean {
  return candidates.some(({ rule }) => rule.action === 'refuse');
}

/**
 * Decides whether a command is refused: it is if, for one of its statements, the first rule that matches refuses. A
 * rule by digest matches a statement by its own digest, and by that of the whole text.
 * @param candidates the rules that can match its client
 * @param asked the usage that its response would have
 * @param atMs the time of day, in ms since 1970
 * @returns null if it may go to the server
 */
export function refusalOf(candidates: readonly CompiledRule[], asked: GovernedUsage, atMs: number): Refusal | null {
  let found: Refusal | null = null;
  for (const refusal of refusals(candidates, asked, atMs)) {
    if (refusal.action === 'refuse') return refusal;
    found ??= refusal;
  }
  return found;
}

function* refusals(candidates: readonly CompiledRule[], asked: GovernedUsage, atMs: number): Generator<Refusal> {
  const { statement } = asked;
  if (statement.isKnown) {
    for (const part of statement.parts) {
      const rule = ruleFor(part, candidates, asked, atMs);
      if (rule?.action === 'refuse') yield refusalBy(rule, 'statement');
    }
  }
  if (statement.mayHoldMore) yield* refusalsOfUnknown(candidates, atMs);
}

function ruleFor(
  part: Statement, candidates: readonly CompiledRule[], asked: GovernedUsage, atMs: number,
): Rule | null {
  const { statement, tags } = asked;
  if (part === statement) return firstRule(candidates, () => asked, atMs);
  const own = firstRule(candidates, () => ({ statement: part, tags }), atMs);
  const { kind } = part;
  const byWhole = firstRule(candidates, () => ({ statement: { kind, digest: statement.digest }, tags }), atMs);
  if (own === null || byWhole === null) return own ?? byWhole;
  const placeOf = (wanted: Rule): number => candidates.findIndex(({ rule }) => rule === wanted);
  return placeOf(own) <= placeOf(byWhole) ? own : byWhole;
}

/**
 * The refusals of a statement of which nothing is known: by a rule that does not ask for the statement, and by the
 * rules before it that refuse what cannot be judged.
 */
function* refusalsOfUnknown(candidates: readonly CompiledRule[], atMs: number): Generator<Refusal> {
  for (const { rule, byStatement } of candidates) {
    if (atMs >= rule.untilMs) continue;
    const isSure = byStatement.length === 0;
    if (rule.action === 'refuse' && (isSure || rule.refusal.unjudged)) {
      yield refusalBy(rule, isSure ? 'statement' : 'unjudged');
    }
    if (isSure) return;
  }
}

/** Whether a client's statements must not pass unjudged: a rule in force refuses what cannot be judged. */
export function refusesUnjudged(candidates: readonly CompiledRule[], atMs: number): boolean {
  return [...refusalsOfUnknown(candidates, atMs)].some(({ action }) => action === 'refuse');
}

/** The text of the error that answers a refused command. */
export function refusalMessage({ usage: { statement }, refusal: { rule } }: Refused): string {
  return fill(rule.refusal.message, {
    rule: () => rule.name, statement: () => statement.kind, digest: () => statement.digest?.hash ?? 'unknown',
  });
}

function refusalBy(rule: Rule, reason: RefusalReason): Refusal {
  return { action: rule.mode === 'audit' ? 'would-refuse' : 'refuse', reason, rule };
}
