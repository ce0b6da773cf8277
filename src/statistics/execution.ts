/** One execution of a statement, or a statement that was refused. Sizes are in bytes, times in ms. */
export interface Execution {
  /** The hash of its normal form; empty if the statement is not known. */
  readonly digest: string;
  /** Its normal form; null if it is not known. */
  readonly digestText: string | null;
  /** The statement or its front; null if it is not known. */
  readonly sql: string | null;
  /** The time at which it ended, in ms since 1970. */
  readonly atMs: number;
  readonly rows: number;
  readonly bytes: number;
  readonly largestRowBytes: number;
  /** The share of its heaviest column, as "orders.body is 93% of it"; null if not known. */
  readonly heaviestColumn: string | null;
  /** The bytes that the client has sent for it: its command and its parameters. */
  readonly requestBytes: number;
  /** Rows that it has changed. */
  readonly affectedRows: number;
  /** Null if there was no row. */
  readonly firstRowMs: number | null;
  readonly durationMs: number;
  readonly stallMs: number;
  readonly fate: Fate;
  /** False for a change of data that has no result. */
  readonly hasResult: boolean;
  /** Its end was not seen, so rows and bytes are lower bounds. */
  readonly isLowerBound: boolean;
  readonly user: string;
  readonly schema: string;
  /** The program's own name for itself; empty if it gave none. */
  readonly program: string;
  /** The client's address, without its port. */
  readonly client: string;
  readonly tags: ReadonlyMap<string, string>;
}

/** The fate of a result. */
export type Fate =
  | 'passed'
  /** It was cut, truncated, or its connection closed. */
  | 'cut'
  /** It would have been, but nothing was enforced. */
  | 'would-cut'
  /** It passed the limit for buffered results, because it was taken for a stream. */
  | 'admitted'
  /** There is none: a rule refused the statement, and the server did not get it. */
  | 'refused'
  /** There is none yet: a rule would have refused the statement, and only recorded it. */
  | 'would-refuse';

/** Whether a limit cut the result, or would have cut it. */
export function isCutFate(fate: Fate): fate is 'cut' | 'would-cut' {
  return fate === 'cut' || fate === 'would-cut';
}

/** Whether a rule refused the statement, or would have. It has no result: all its sizes are 0. */
export function isRefusedFate(fate: Fate): fate is 'refused' | 'would-refuse' {
  return fate === 'refused' || fate === 'would-refuse';
}

/** The measures by which statements are ranked. */
export type Order = 'bytes' | 'rows' | 'max-bytes' | 'stall' | 'cuts' | 'refusals';

export const ORDERS: readonly Order[] = ['bytes', 'rows', 'max-bytes', 'stall', 'cuts', 'refusals'];
