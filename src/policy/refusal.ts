import type { Rule } from '../config/config.js';
import { fill } from '../config/messageTemplate.js';
import type { GovernedUsage } from './governedUsage.js';
import { firstRule, rulesForSchema, type CompiledRule } from './rules.js';
import type { Statement } from './statement.js';
import type { Subject } from './subject.js';

/** The decision that a command is refused, or would be. */
export interface Refusal {
  /** In mode `audit` it is only recorded. */
  readonly action: 'refuse' | 'would-refuse';
  readonly reason: RefusalReason;
  readonly rule: Rule;
  /** The statement that the rule refuses, out of a text that may have several; null if that is not known. */
  readonly statement: Pick<Statement, 'kind' | 'digest'> | null;
}

/** A command that is refused, or would be. It has no response: its usage counts nothing. */
export interface Refused {
  readonly usage: GovernedUsage;
  readonly refusal: Refusal;
}

export type RefusalReason =
  /** One of its statements meets the rule. */
  | 'statement'
  /** It may hold a statement that Sluice cannot see, and the rule refuses what cannot be judged. */
  | 'unjudged';

/** The most that rules do about statements: they refuse none, only record that they would, or refuse some. */
export type Refusals = 'none' | 'watched' | 'enforced';

/** The most that these rules do about statements. */
export function refusalsOf(candidates: readonly CompiledRule[]): Refusals {
  const refusing = candidates.filter(({ rule }) => rule.action === 'refuse');
  if (refusing.length === 0) return 'none';
  return refusing.every(({ rule }) => rule.mode === 'audit') ? 'watched' : 'enforced';
}

/**
 * Decides whether a command is refused: it is if, for one of its statements, the first rule that matches refuses. A
 * rule by digest matches a statement by its own digest, and by that of the whole text. Statements after a USE in the
 * same text are judged by its schema.
 * @param client the client and the rules that can match it
 * @param asked the usage that its response would have
 * @param atMs the time of day, in ms since 1970
 * @returns null if it may go to the server
 */
export function refusalOf(client: Client, asked: GovernedUsage, atMs: number): Refusal | null {
  let found: Refusal | null = null;
  for (const refusal of refusals(client, asked, atMs)) {
    if (refusal.action === 'refuse') return refusal;
    found ??= refusal;
  }
  return found;
}

/** The client that is judged. */
export interface Client {
  readonly subject: Subject;
  /** The rules that can match it with any schema. */
  readonly ofClient: readonly CompiledRule[];
  /** The rules that can match it with its schema. */
  readonly candidates: readonly CompiledRule[];
}

function* refusals(client: Client, asked: GovernedUsage, atMs: number): Generator<Refusal> {
  const { statement } = asked;
  let { candidates } = client;
  // A statement that is not known may run with any of the schemas.
  const inSchemas = [candidates];
  if (statement.isKnown) {
    for (const part of statement.parts) {
      const { rule, by } = ruleFor(part, candidates, asked, atMs);
      if (rule?.action === 'refuse') yield refusalBy(rule, 'statement', by);
      const schema = part === statement || part.kind !== 'other' ? null : part.schemaFrom(0);
      if (schema === null) continue;
      candidates = rulesForSchema(client.ofClient, { ...client.subject, schema });
      inSchemas.push(candidates);
    }
  }
  if (!statement.mayHoldMore) return;
  for (const rules of inSchemas) yield* refusalsOfUnknown(rules, atMs);
}

function ruleFor(
  part: Statement, candidates: readonly CompiledRule[], asked: GovernedUsage, atMs: number,
): { rule: Rule | null; by: Refusal['statement'] } {
  const { statement, tags } = asked;
  if (part === statement) return { rule: firstRule(candidates, () => asked, atMs), by: statement };
  const own = firstRule(candidates, () => ({ statement: part, tags }), atMs);
  const { kind } = part;
  const inWhole = { kind, digest: statement.digest };
  const byWhole = firstRule(candidates, () => ({ statement: inWhole, tags }), atMs);
  const placeOf = (wanted: Rule): number => candidates.findIndex(({ rule }) => rule === wanted);
  const isOwn = byWhole === null || (own !== null && placeOf(own) <= placeOf(byWhole));
  return isOwn ? { rule: own, by: part } : { rule: byWhole, by: inWhole };
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
      yield refusalBy(rule, isSure ? 'statement' : 'unjudged', null);
    }
    if (isSure) return;
  }
}

/** Whether a client's statements must not pass unjudged: a rule in force refuses what cannot be judged. */
export function refusesUnjudged(candidates: readonly CompiledRule[], atMs: number): boolean {
  return [...refusalsOfUnknown(candidates, atMs)].some(({ action }) => action === 'refuse');
}

/**
 * The text of the error that answers a refused command. It names the statement that is refused. If that is not known,
 * the kind is `unknown`, and the digest is that of the whole text.
 */
export function refusalMessage({ usage, refusal: { rule, statement } }: Refused): string {
  return fill(rule.refusal.message, {
    rule: () => rule.name,
    statement: () => statement?.kind ?? 'unknown',
    digest: () => (statement ?? usage.statement).digest?.hash ?? 'unknown',
  });
}

function refusalBy(rule: Rule, reason: RefusalReason, statement: Refusal['statement']): Refusal {
  return { action: rule.mode === 'audit' ? 'would-refuse' : 'refuse', reason, rule, statement };
}
