import type { AnswerPlan, Reading, ServerPlan, StatementPlan, Step, Verb } from '../plan.js';
import { READS_ALL } from '../plan.js';
import type { Random } from '../world/random.js';

/** The settings for which steps are drawn, and what a theme draws more often. */
export interface StepLikes {
  /** The limits of the settings: sizes are drawn around them. */
  readonly rows: number;
  readonly bytes: number;
  readonly servers: readonly ServerPlan[];
  readonly kinds?: readonly Step['do'][];
  readonly verbs?: readonly Verb[];
  /** The part of the responses that are larger than the limit. */
  readonly large?: number;
  /** The part of the responses that their client reads with pauses, and that it leaves. */
  readonly pauses?: number;
  readonly leaves?: number;
  /** The part of the statements that take time. */
  readonly slow?: number;
  /** The part of the statements that end with an error. */
  readonly fails?: number;
  /** Rows are large, so that buffers fill. */
  readonly isBulky?: boolean;
  /** A short command whose answer shows whether a connection is in step. */
  readonly isProbe?: boolean;
}

const KINDS: readonly Step['do'][] = [
  'query', 'query', 'query', 'query', 'query', 'query', 'prepared', 'prepared', 'pipeline', 'pipeline', 'ping', 'wait',
  'statistics', 'setOption', 'fieldList', 'initDb', 'changeUser', 'resetConnection',
];
const VERBS: readonly Verb[] = [
  'select', 'select', 'select', 'select', 'select', 'with', 'show', 'call', 'call', 'returning', 'update', 'several',
  'several', 'load', 'execute', 'use', 'begin', 'commit',
];
const PREPARED: readonly Verb[] = ['select', 'select', 'select', 'call', 'returning', 'update'];

/** Draws a step. */
export const anyStep = (random: Random, likes: StepLikes, tags: { last: number }): Step => {
  const kind = random.pick(likes.kinds ?? KINDS);
  switch (kind) {
    case 'query':
      return { do: 'query', statement: anyStatement(random, likes, tags), reading: anyReading(random, likes) };
    case 'prepared':
      return {
        do: 'prepared', statement: anyStatement(random, { ...likes, verbs: preparable(likes.verbs) }, tags),
        reading: anyReading(random, likes), times: random.between(1, 2),
        fetchRows: random.chance(0.5) ? random.pick([1, 5, 20]) : null, fetches: random.pick([null, null, 1, 3]),
      };
    case 'pipeline': {
      const count = random.between(2, 5);
      const statements = Array.from({ length: count }, () => anyStatement(random, likes, tags))
        .filter(({ answers }) => answers.every((answer) => answer.kind !== 'file'));
      return { do: 'pipeline', statements, reading: anyReading(random, likes) };
    }
    case 'wait':
      return { do: 'wait', ms: random.pick([1, 50, 500, 3000]) };
    default:
      return { do: kind };
  }
};

const preparable = (verbs: readonly Verb[] = PREPARED): readonly Verb[] => {
  const fitting = verbs.filter((verb) => PREPARED.includes(verb));
  return fitting.length === 0 ? PREPARED : fitting;
};

/** Draws a statement. */
export const anyStatement = (random: Random, likes: StepLikes, tags: { last: number }): StatementPlan => {
  tags.last += 1;
  const tag = tags.last;
  if (likes.isProbe) return { ...EMPTY, tag, answers: [{ kind: 'rows', columns: 1, rows: 1, rowBytes: 20 }] };
  const isMariadb = likes.servers.every(({ kind }) => kind === 'mariadb');
  const verb = random.pick((likes.verbs ?? VERBS).filter((one) => one !== 'returning' || isMariadb));
  const isSlow = random.chance(likes.slow ?? 0.3);
  return {
    tag, verb,
    hint: random.chance(0.1) ? random.pick(['stream', `rows=${likes.rows}`, 'rows=2', 'rows=1000']) : null,
    answers: answersOf(random, verb, likes, isMariadb),
    failsAfterRows: random.chance(likes.fails ?? 0.1) ? random.pick([0, 1, likes.rows, 2 * likes.rows]) : null,
    thinkMs: isSlow ? random.pick([1, 20, 150, 1500]) : 0,
    gapMs: isSlow ? random.pick([0, 1, 10, 60]) : 0,
  };
};

const EMPTY: StatementPlan = {
  tag: 0, verb: 'select', hint: null, answers: [], failsAfterRows: null, thinkMs: 0, gapMs: 0,
};

const answersOf = (random: Random, verb: Verb, likes: StepLikes, isMariadb: boolean): AnswerPlan[] => {
  switch (verb) {
    case 'select':
    case 'with':
    case 'show':
    case 'returning':
      return [rowsAnswer(random, likes)];
    case 'call':
    case 'execute': {
      const sets = random.between(0, 3);
      return [...Array.from({ length: sets }, () => rowsAnswer(random, likes)), { kind: 'ok' }];
    }
    case 'several': {
      const count = random.between(2, 4);
      return Array.from({ length: count }, () => random.pick([
        () => rowsAnswer(random, likes), () => rowsAnswer(random, likes), (): AnswerPlan => ({ kind: 'ok' }),
        () => fileAnswer(random), ...(isMariadb ? [() => returnedRows(random, likes)] : []),
      ])());
    }
    case 'load':
      return [fileAnswer(random)];
    default:
      return [{ kind: 'ok' }];
  }
};

const fileAnswer = (random: Random): AnswerPlan => ({ kind: 'file', bytes: random.pick([0, 1, 3000, 30_000]) });

const rowsAnswer = (random: Random, likes: StepLikes): Extract<AnswerPlan, { readonly kind: 'rows' }> => {
  const { rows: limit, bytes } = likes;
  const rowBytes = likes.isBulky ? random.pick([1000, 4000]) : random.pick([10, 40, 40, 200, 1000]);
  const atBytes = Math.ceil(bytes / (rowBytes + 6));
  const isLarge = random.chance(likes.large ?? 0.5);
  const most = Math.min(MOST_ROWS, Math.floor(MOST_BYTES / rowBytes));
  const rows = isLarge
    ? random.pick([limit + 1, limit + 1, 2 * limit, 5 * limit + 3, 20 * limit, atBytes + 1, 2 * atBytes])
    : random.pick([0, 1, Math.max(0, limit - 1), limit, atBytes - 1]);
  const isBulk = likes.isBulky === true && isLarge;
  return { kind: 'rows', columns: random.pick([1, 2, 7]), rowBytes, rows: Math.min(isBulk ? most : rows, most) };
};

const returnedRows = (random: Random, likes: StepLikes): AnswerPlan =>
  ({ ...rowsAnswer(random, likes), isReturned: true });

/** A result set is no larger than this: a world has to be quick. */
const MOST_BYTES = 250_000;
const MOST_ROWS = 2000;

const anyReading = (random: Random, likes: StepLikes): Reading => {
  const pauses = random.chance(likes.pauses ?? 0.15);
  const leaves = random.chance(likes.leaves ?? 0.07);
  if (!pauses && !leaves) return READS_ALL;
  return {
    pause: pauses ? {
      afterBytes: random.pick([1, 500, 4000, 20_000]), ms: random.pick([1, 10, 50, 400, 3000, 20_000]),
      times: random.pick([1, 2, 10, 40]),
    } : null,
    leaves: leaves ? {
      afterPackets: random.pick([1, 3, 5, 10, 30]), how: random.pick(['quit', 'end', 'reset', 'reset']),
    } : null,
  };
};
