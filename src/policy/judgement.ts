import type { Limits } from '../config/config.js';
import type { GovernedUsage } from './governedUsage.js';
import type { Signal } from './signals.js';
import type { Action, Judgement, Reason } from './terms.js';

/**
 * Judges a usage at the row that breaks its limit.
 * @param isInsideRow the limit is met in the middle of a row that spans packets, and the client has its front
 */
export function judge(usage: GovernedUsage, reason: 'rows' | 'bytes', isInsideRow: boolean): Judgement {
  const { rule, limits } = usage.terms;
  return { action: actionOn(usage, reason, isInsideRow), reason, rule, limit: limits };
}

/** Judges the largest of the usages that together pass the budget, at its next row. */
export function judgeOverBudget(usage: GovernedUsage, budgetBytes: number, isInsideRow: boolean): Judgement {
  const limit = { rows: Infinity, bytes: budgetBytes };
  return { action: actionOn(usage, 'budget', isInsideRow), reason: 'budget', rule: usage.terms.rule, limit };
}

/** A result that has passed the limit for buffered ones, because it was taken for a stream. */
export interface Admission {
  readonly action: 'admit';
  readonly reason: 'rows' | 'bytes';
  readonly rule: string;
  /** The limit that it has passed: the one that it would have had as a buffered result. */
  readonly limit: Limits;
  /** What it was taken for a stream by. */
  readonly signal: Signal;
  /** At what rate its client has read it, in rows per second; null where that is not known. */
  readonly rowsPerSecond: number | null;
}

/** Judges a usage that has ended and was not cut: null, or what let it pass the limit for buffered results. */
export function admissionOf(usage: GovernedUsage): Admission | null {
  const { rule, signal } = usage.terms;
  if (!usage.isAdmitted || signal === null) return null;
  const { bufferedLimits: limit, rowsPerSecond } = usage;
  return { action: 'admit', reason: usage.rows > limit.rows ? 'rows' : 'bytes', rule, limit, signal, rowsPerSecond };
}

/** What is recorded of a usage that passes what it would have been cut at, since the rows that come now are exempt. */
export function exemptedFrom(usage: GovernedUsage, reason: Reason, budgetBytes: number): Judgement {
  const { rule, limits } = usage.terms;
  return {
    action: 'would-cut', reason, rule, limit: reason === 'budget' ? { rows: Infinity, bytes: budgetBytes } : limits,
  };
}

/** Judges a usage that has ended within its limit: null, or a warning. */
export function warningFor(usage: GovernedUsage): Judgement | null {
  const { rule, treatment } = usage.terms;
  const { warn } = treatment;
  const isTooMany = usage.rows > warn.rows;
  if (!isTooMany && usage.bytes <= warn.bytes) return null;
  return { action: 'warn', reason: isTooMany ? 'rows' : 'bytes', rule, limit: warn };
}

function actionOn(usage: GovernedUsage, reason: Reason, isInsideRow: boolean): Action {
  const { mode, onExceed } = usage.terms.treatment;
  if (mode === 'audit') return 'would-cut';
  // Nothing can be put into the middle of a row.
  if (isInsideRow || onExceed.action === 'close') return 'close';
  return onExceed.action === 'truncate' && reason !== 'budget' ? 'truncate' : 'cut';
}

/** The text of the error that a client gets in place of the row at which its result was cut. */
export function cutMessage(usage: GovernedUsage, { limit, reason, rule }: Judgement): string {
  const runsOn = usage.statement.isSingleReadOnly ? '' : '; the statement runs to its end on the server';
  if (reason === 'budget') {
    return `sluice: results under way exceed the budget of ${limit.bytes} bytes, and this is the largest ` +
      `(rule ${rule}); page it, stream it, or raise the budget${runsOn}`;
  }
  const history = wasStreamed(usage);
  return `sluice: result set exceeds ${limit[reason]} ${reason} (rule ${rule})${history}; ` +
    `page it, stream it, or raise the limit${runsOn}`;
}

/** Says of a result that was let through at first how its client has read it. */
function wasStreamed({ looks, rows }: GovernedUsage): string {
  const last = looks.at(-1);
  if (looks.length < 2 || last?.class !== 'buffered') return '';
  return `, read row by row until row ${rows.toLocaleString('en')}, then as fast as the client could`;
}
