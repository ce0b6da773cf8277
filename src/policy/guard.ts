import type { Config, Limits } from '../config.js';
import type { Usage } from '../session/usage.js';
import { changesDataAndReturnsRows, isSingleReadOnly } from './sql/statement.js';
import { statementText } from './statementText.js';

/** What is done about a usage that breaks a limit. */
export type Action =
  /** The row that breaks the limit is replaced by an error, and the rest is discarded. */
  | 'cut'
  /** Everything is forwarded, and a record says what would have been cut. */
  | 'would-cut'
  /** Everything is forwarded; a record says that a warning threshold was passed. */
  | 'warn'
  /** Both connections are closed: nothing can be put into the middle of a row that spans packets. */
  | 'close';

/** Which of its numbers a usage has passed. */
export type Reason = 'rows' | 'bytes';

/** Why and how a usage is acted upon. */
export interface Judgement {
  readonly action: Action;
  readonly reason: Reason;
  /** The rule whose limit it is. */
  readonly rule: string;
  /** The limit, or the warning threshold, that was passed. */
  readonly limit: Limits;
}

/** The rule that stands for the global settings. */
export const DEFAULT_RULE = 'default';

/** Says how much a response may bring, and what happens to one that brings more. */
export class Guard {
  constructor(private readonly config: Pick<Config, 'mode' | 'limits' | 'warn'>) {}

  /** Sets on a usage that begins what may pass without asking. */
  limit(usage: Usage): void {
    usage.maxRows = this.config.limits.rows;
    usage.maxBytes = this.config.limits.bytes;
  }

  /**
   * Judges a usage at the row that breaks its limit.
   * @param isInsideRow the limit is met in the middle of a row that spans packets
   */
  judge(usage: Usage, reason: Reason, isInsideRow: boolean): Judgement {
    return { action: this.actionOn(usage, isInsideRow), reason, rule: DEFAULT_RULE, limit: this.config.limits };
  }

  /** Judges a usage that has ended within its limit: null, or a warning. */
  warning(usage: Usage): Judgement | null {
    const { warn } = this.config;
    const isTooMany = usage.rows > warn.rows;
    if (!isTooMany && usage.bytes <= warn.bytes) return null;
    return { action: 'warn', reason: isTooMany ? 'rows' : 'bytes', rule: DEFAULT_RULE, limit: warn };
  }

  private actionOn(usage: Usage, isInsideRow: boolean): Action {
    if (this.config.mode === 'audit') return 'would-cut';
    const { text, isTruncated } = statementText(usage.command);
    // An error for work that was done would be a lie.
    if (text !== null && changesDataAndReturnsRows(text, isTruncated)) return 'would-cut';
    return isInsideRow ? 'close' : 'cut';
  }
}

/** The text of the error that a client gets in place of the row that breaks its limit. */
export function cutMessage(judgement: Judgement, usage: Usage): string {
  const { limit, reason, rule } = judgement;
  const { text, isTruncated } = statementText(usage.command);
  const canHaveEffects = text === null || !isSingleReadOnly(text, isTruncated);
  return (
    `sluice: result set exceeds ${limit[reason]} ${reason} (rule ${rule}); page it, stream it, or raise the limit` +
    (canHaveEffects ? '; the statement runs to its end on the server' : '')
  );
}
