import { isSingleReadOnly } from '../statements.js';
import type { Allowed } from './oracle.js';
import type { Judged } from './judged.js';
import type { UsageLedger } from './usages.js';

// Exactness: a client never gets more than its limit, and what is cut is cut at the limit.

/** Checks one usage against all settings that may have applied to it: one of them has to explain it. */
export const checkLimits = (judged: Judged): void => {
  const { usage, candidates, wrong } = judged;
  const { rows, bytes } = usage.received;
  const explains = candidates.some((allowed) => isWithin(allowed) || isExplained(allowed, judged));
  if (!explains) {
    const { limits } = candidates[0]!;
    const limit = `${limits.rows} rows, ${limits.bytes} bytes`;
    wrong('never beyond the limit', `${rows} rows, ${bytes} bytes, and the limit is ${limit}`);
  }
  const { error } = usage;
  if (error !== null) checkError(judged, error);
};

const isWithin = ({ limits, mode, judged }: Allowed): boolean =>
  mode === 'audit' || (judged.rows <= limits.rows && judged.bytes <= limits.bytes);

/**
 * Beyond the limit, because the client was taken for one that streams: a record says so, if that is recorded and its
 * process has lived to write it.
 */
const isExplained = ({ paced, recordsAdmissions }: Allowed, { usage, hasRecord }: Judged): boolean =>
  paced !== null && (!recordsAdmissions || usage.connection.hasLostProcess ||
    hasRecord((record) => record['action'] === 'admit' || Array.isArray(record['looks'])));

const AT_LIMIT = /^sluice: result set exceeds ([\d,]+) (row|byte)s? \(rule ([^)]+)\)(, read row by row)?/;

const OVER_BUDGET = /^sluice: results under way exceed the budget/;

const checkError = ({ usage, candidates, isBudgeted, wrong }: Judged, error: string): void => {
  const [, amount, noun, rule, wasStreamed] = AT_LIMIT.exec(error) ?? [];
  if (OVER_BUDGET.test(error) && !isBudgeted) wrong('cut at the limit', `there is no budget: ${error}`);
  if (amount === undefined) return;
  const promises = error.includes('the statement runs to its end on the server');
  if (promises === isSingleReadOnly(usage.statement)) wrong('promises', `the error says: ${error}`);
  const limit = Number(amount.replaceAll(',', ''));
  const isExpected = candidates.some((allowed) =>
    allowed.rule === rule && allowed.mode === 'enforce' && !allowed.isExempt &&
    isAtLimit(usage, allowed, limit, noun as 'row' | 'byte', wasStreamed !== undefined));
  if (!isExpected) {
    const { received, sent } = usage;
    wrong('cut at the limit', `${error}: the client has ${received.rows} rows, ${received.bytes} bytes of ` +
      `${sent.rows} rows, ${sent.bytes} bytes`);
  }
};

/** The result that the client has is the largest that fits, and there was more. */
const isAtLimit = (
  usage: UsageLedger, { limits, paced, action, judged }: Allowed, limit: number, noun: 'row' | 'byte',
  wasStreamed: boolean,
): boolean => {
  const { rows, bytes } = usage.received;
  const limitsOf = [limits, ...(paced === null ? [] : [paced])].map((one) => (noun === 'row' ? one.rows : one.bytes));
  if (!limitsOf.includes(limit)) return false;
  if (action === 'hold') return (noun === 'row' ? usage.sent.rows : usage.sent.bytes) > limit;
  const next = nextRowBytes(usage);
  if (next === null) return false;
  // A client that was let through for its pace may have more than the limit when it turns out to be fast.
  if (wasStreamed || paced !== null) return noun === 'row' ? rows >= limit : bytes + next > limit;
  return noun === 'row' ? judged.rows <= limit && rows >= limit : judged.bytes <= limit && bytes + next > limit;
};

/** The bytes of the first row that the client has not got; null if there is none. */
const nextRowBytes = ({ exchanges }: UsageLedger): number | null => {
  const cut = exchanges.find(({ error }) => error !== null)!;
  const next = cut.sent.slice(cut.received).find(({ kind }) => kind === 'row');
  return next === undefined ? null : 4 + next.payload.length;
};
