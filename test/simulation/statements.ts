import { Status } from '../../src/protocol/status.js';
import { encodeLenenc } from '../../src/protocol/lenenc.js';
import { definitions, eof, err, ok, okEof } from '../support/wirePackets.js';
import type { AnswerPlan, StatementPlan, Verb } from './plan.js';

// The texts of statements, and the packets that answer them.

const TAG = /tag = (\d+)/;

/** The tag in a text; null if there is none. */
export const tagIn = (sql: string): number | null => {
  const [, tag] = TAG.exec(sql) ?? [];
  return tag === undefined ? null : Number(tag);
};

const TEXTS: Readonly<Record<Exclude<Verb, 'several'>, (tag: number) => string>> = {
  select: (tag) => `SELECT c0, c1 FROM t WHERE tag = ${tag}`,
  with: (tag) => `WITH x AS (SELECT 1) SELECT * FROM x WHERE tag = ${tag}`,
  show: (tag) => `SHOW COLUMNS FROM t LIKE 'tag = ${tag}'`,
  call: (tag) => `CALL report('tag = ${tag}')`,
  returning: (tag) => `INSERT INTO t VALUES ('tag = ${tag}') RETURNING c0`,
  update: (tag) => `UPDATE t SET c0 = 1 WHERE tag = ${tag}`,
  load: (tag) => `LOAD DATA LOCAL INFILE 'tag = ${tag}' INTO TABLE t`,
  execute: (tag) => `EXECUTE prepared USING @tag /* tag = ${tag} */`,
  use: (tag) => `USE shop /* tag = ${tag} */`,
  begin: (tag) => `START TRANSACTION /* tag = ${tag} */`,
  commit: (tag) => `COMMIT /* tag = ${tag} */`,
};

const ONE_OF_SEVERAL: Readonly<Record<AnswerPlan['kind'], Exclude<Verb, 'several'>>> = {
  ok: 'update', rows: 'select', file: 'load',
};

/** The statement of several that has this answer. */
const verbOf = (answer: AnswerPlan): Exclude<Verb, 'several'> =>
  (isReturned(answer) ? 'returning' : ONE_OF_SEVERAL[answer.kind]);

const isReturned = (answer: AnswerPlan | undefined): boolean => answer?.kind === 'rows' && answer.isReturned === true;

/** Whether an answer to it (counted from 0) has rows that a change returns. MySQL has no such statement. */
export const returnsRows = ({ verb, answers }: StatementPlan, answer: number): boolean =>
  verb === 'returning' || isReturned(answers[answer]);

/** The text of a statement. */
export const sqlOf = ({ tag, verb, hint, answers }: StatementPlan): string => {
  const text = verb === 'several'
    ? answers.map((answer) => TEXTS[verbOf(answer)](tag)).join('; ') : TEXTS[verb](tag);
  return hint === null ? text : `/* sluice: ${hint} */ ${text}`;
};

/** Nothing is lost if it does not run to its end. */
export const isSingleReadOnly = ({ verb, answers }: StatementPlan): boolean =>
  verb === 'select' || verb === 'with' || verb === 'show' ||
  (verb === 'several' && answers.length === 1 && verbOf(answers[0]!) === 'select');

/** The facts on which the packets of a response depend, besides the statement. */
export interface Layout {
  readonly deprecatesEof: boolean;
  readonly isBinary: boolean;
  /** The status flags of the session. */
  readonly statusFlags: number;
}

/** A packet of a server. */
export interface Reply {
  readonly payload: Buffer;
  readonly kind: 'head' | 'row' | 'end' | 'file' | 'error';
  /** No packet of the same response follows. */
  readonly isLast: boolean;
  /** The client has to answer it. */
  readonly asks?: 'file' | 'proof';
}

/** The code of the error with which a statement fails in the middle of its rows. */
export const FAILURE_CODE = 1205;

/** The packets that answer a statement, one after the other. The next one is made once it is needed. */
export function* repliesTo(statement: StatementPlan, layout: Layout): Generator<Reply> {
  const { answers, failsAfterRows } = statement;
  for (const [set, answer] of answers.entries()) {
    const isLast = set === answers.length - 1;
    const statusFlags = layout.statusFlags | (isLast ? 0 : Status.MORE_RESULTS_EXISTS);
    if (isLast && failsAfterRows !== null && answer.kind !== 'rows') yield failure;
    else if (answer.kind === 'ok') yield { payload: ok(statusFlags), kind: 'end', isLast };
    else if (answer.kind === 'file') {
      yield { payload: Buffer.from(`\xfbtag = ${statement.tag}`, 'latin1'), kind: 'file', isLast: false, asks: 'file' };
      yield { payload: ok(statusFlags), kind: 'end', isLast };
    } else {
      yield* headOf(answer.columns, { ...layout, statusFlags });
      yield* rowsOf(statement, set, layout.isBinary, 0, isLast ? failsAfterRows ?? Infinity : Infinity);
      if (isLast && failsAfterRows !== null && failsAfterRows <= answer.rows) yield failure;
      else yield { payload: rowsEndOf(layout.deprecatesEof, statusFlags), kind: 'end', isLast };
    }
  }
}

/** The end of rows that fail. */
export const failure: Reply = { payload: err(FAILURE_CODE, 'Lock wait timeout exceeded'), kind: 'error', isLast: true };

/** The packets before the rows. */
export function* headOf(columns: number, { deprecatesEof, statusFlags }: Layout): Generator<Reply> {
  yield { payload: encodeLenenc(columns), kind: 'head', isLast: false };
  for (const payload of definitionsOf(columns)) yield { payload, kind: 'head', isLast: false };
  if (!deprecatesEof) yield { payload: eof(statusFlags), kind: 'head', isLast: false };
}

/** Rows of one result set of a statement, from `from` on and before `to`. */
export function* rowsOf(
  { tag, answers }: StatementPlan, set: number, isBinary: boolean, from: number, to: number,
): Generator<Reply> {
  const answer = answers[set];
  if (answer?.kind !== 'rows') return;
  let blank = new BlankRow(answer.columns, answer.rowBytes, isBinary);
  for (let index = from; index < Math.min(to, answer.rows); index += 1) {
    const label = `${tag}.${set}.${index}`;
    if (label.length > blank.textBytes) blank = new BlankRow(answer.columns, label.length, isBinary);
    yield { payload: blank.labelled(label), kind: 'row', isLast: false };
  }
}

/** The end of rows. */
export const rowsEndOf = (deprecatesEof: boolean, statusFlags: number): Buffer =>
  (deprecatesEof ? okEof(statusFlags) : eof(statusFlags));

const definitionsMade = new Map<number, Buffer[]>();
/** Definitions of this many columns, made once. */
export const definitionsOf = (columns: number): Buffer[] => {
  const made = definitionsMade.get(columns) ?? definitions(columns);
  definitionsMade.set(columns, made);
  return made;
};

/** The rows of one answer before they say what they are. Their last columns are NULL, or empty in binary rows. */
class BlankRow {
  private readonly payload: Buffer;
  private readonly textAt: number;

  constructor(columns: number, readonly textBytes: number, isBinary: boolean) {
    const head = Buffer.alloc(isBinary ? 1 + ((columns + 9) >> 3) : 0);
    const length = encodeLenenc(textBytes);
    this.textAt = head.length + length.length;
    this.payload = Buffer.concat([
      head, length, Buffer.alloc(textBytes, PADDING), Buffer.alloc(columns - 1, isBinary ? 0 : NULL),
    ]);
  }

  /** A row whose first column begins with this text. */
  labelled(label: string): Buffer {
    const payload = Buffer.from(this.payload);
    payload.write(label, this.textAt, 'latin1');
    return payload;
  }
}

const PADDING = 0x2e;
const NULL = 0xfb;
