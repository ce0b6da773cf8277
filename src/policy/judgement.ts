import type { Limits } from '../config/config.js';
import { fill, MAX_MESSAGE_BYTES, type MessageTemplate } from '../config/messageTemplate.js';
import { readableSize } from '../config/schema/units.js';
import { cutAdvice, hintRemark, type CutPlace } from './cutAdvice.js';
import type { GovernedUsage } from './governedUsage.js';
import type { Signal } from './signals.js';
import type { Action, Judgement, Reason } from './terms.js';
import { ServerErrors, type ErrorNumber } from '../protocol/errorCodes.js';
import { textFor } from '../protocol/textEncoding.js';
import { counted } from '../text/counted.js';

/**
 * Judges a usage at the row that would exceed its limit.
 * @param isInsideRow the limit is reached inside a row that spans packets, and the client already has the row's front
 */
export function judge(usage: GovernedUsage, reason: 'rows' | 'bytes', isInsideRow: boolean): Judgement {
  const { rule, limits } = usage.terms;
  return { action: actionOn(usage, reason, isInsideRow), reason, rule, limit: limits };
}

/** Judges the largest usage at its next row, when all usages together exceed the budget. */
export function judgeOverBudget(usage: GovernedUsage, budgetBytes: number, isInsideRow: boolean): Judgement {
  const limit = { rows: Infinity, bytes: budgetBytes };
  return { action: actionOn(usage, 'budget', isInsideRow), reason: 'budget', rule: usage.terms.rule, limit };
}

/** Judges a usage at its next row, when the server has been told to end its statement. */
export function judgeKilled({ terms: { rule, limits } }: GovernedUsage, isInsideRow: boolean): Judgement {
  return { action: isInsideRow ? 'close' : 'cut', reason: 'kill', rule, limit: limits };
}

/** A result that has passed the limit for buffered results, because it was classified as a stream. */
export interface Admission {
  readonly action: 'admit';
  readonly reason: 'rows' | 'bytes';
  readonly rule: string;
  /** The limit for buffered results, which it has passed. */
  readonly limit: Limits;
  /** The signal that classified it as a stream. */
  readonly signal: Signal;
  /** The rate at which its client has read it, in rows per second; null if not known. */
  readonly rowsPerSecond: number | null;
}

/**
 * Judges a usage that has ended without a cut: returns the reason why it passed the limit for buffered results, or null
 * if it did not.
 */
export function admissionOf(usage: GovernedUsage): Admission | null {
  const { rule, signal } = usage.terms;
  if (!usage.isAdmitted || signal === null) return null;
  const { bufferedLimits: limit, rowsPerSecond } = usage;
  return { action: 'admit', reason: usage.rows > limit.rows ? 'rows' : 'bytes', rule, limit, signal, rowsPerSecond };
}

/** The judgement for the record of a usage that would have been cut, if its current rows were not exempt. */
export function exemptedFrom(usage: GovernedUsage, reason: Reason, budgetBytes: number): Judgement {
  const { rule, limits } = usage.terms;
  return {
    action: 'would-cut', reason, rule, limit: reason === 'budget' ? { rows: Infinity, bytes: budgetBytes } : limits,
  };
}

/** Judges a usage that has ended within its limit. Returns a warning or null. */
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
  // An error packet cannot stand in the middle of a row.
  if (isInsideRow || onExceed.action === 'close') return 'close';
  return onExceed.action === 'truncate' && reason !== 'budget' ? 'truncate' : 'cut';
}

/** The number and the SQLSTATE of the error that a client gets in place of the row at which its result was cut. */
export function cutError({ terms }: GovernedUsage, { reason }: { readonly reason: string }): ErrorNumber {
  return reason === 'kill' ? ServerErrors.QUERY_INTERRUPTED : terms.treatment.onExceed.error;
}

const NOUNS = { rows: 'row', bytes: 'byte' } as const;

/**
 * The text of the error that a client gets in place of the row at which its result was cut: at most 511 bytes. The
 * configuration's text is about the limit of one result, so cuts by the budget and by orders to kill have Sluice's own.
 */
export function cutMessage(usage: GovernedUsage, judgement: Judgement, place: CutPlace): string {
  const { limit, reason, rule } = judgement;
  if (reason === 'kill') return 'sluice: the statement was killed on request at the admin endpoint';
  const runsOn = usage.statement.isSingleReadOnly ? '' : '; the statement runs to its end on the server';
  if (reason === 'budget') {
    return `sluice: results under way exceed the budget of ${counted(limit.bytes, 'byte')}, and this is the largest ` +
      `(rule ${rule}); page it, stream it, or raise the budget${runsOn}`;
  }
  const { message } = usage.terms.treatment.onExceed.error;
  if (message !== null) {
    const text = filled(message, usage, { limit, reason, rule }, place);
    return `${textFor(place.encoding, text, MAX_MESSAGE_BYTES - runsOn.length)}${runsOn}`;
  }
  const history = wasStreamed(usage);
  return `sluice: result set exceeds ${counted(limit[reason], NOUNS[reason])} (rule ${rule})${history}; ` +
    `page it, stream it, or raise the limit${hintRemark(usage)}${runsOn}`;
}

/** The text of a configuration, about a cut at the limit of one result. */
function filled(
  template: MessageTemplate, usage: GovernedUsage, { limit, reason, rule }: CutAtLimit, place: CutPlace,
): string {
  return fill(template, {
    limit: () => (reason === 'rows' ? counted(limit.rows, 'row') : readableSize(limit.bytes)),
    rule: () => rule,
    rows: () => String(place.rows),
    bytes: () => String(place.bytes),
    digest: () => usage.statement.digest?.hash ?? 'unknown',
    advice: () => cutAdvice(usage, reason, place),
  });
}

type CutAtLimit = Pick<Judgement, 'limit' | 'rule'> & { readonly reason: 'rows' | 'bytes' };

/** Describes the client's pace, for a result that was let through at first. */
function wasStreamed({ looks, rows }: GovernedUsage): string {
  const last = looks.at(-1);
  if (looks.length < 2 || last?.class !== 'buffered') return '';
  return `, read row by row until row ${rows.toLocaleString('en')}, then as fast as the client could`;
}
