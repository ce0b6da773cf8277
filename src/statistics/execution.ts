/** What is known of one execution of a statement: sizes in bytes, times in ms. */
export interface Execution {
  /** The hash of its normal form; empty where the statement is not known. */
  readonly digest: string;
  /** Its normal form; null where that is not known. */
  readonly digestText: string | null;
  /** The statement, or its front; null where that is not known. */
  readonly sql: string | null;
  /** When it ended, in ms since 1970. */
  readonly atMs: number;
  readonly rows: number;
  readonly bytes: number;
  readonly largestRowBytes: number;
  /** Null where there was no row. */
  readonly firstRowMs: number | null;
  readonly durationMs: number;
  readonly stallMs: number;
  readonly fate: Fate;
  /** Its end was not seen: rows and bytes are lower bounds. */
  readonly isLowerBound: boolean;
  readonly user: string;
  readonly schema: string;
  /** The name that the program gave itself; empty where it gave none. */
  readonly program: string;
  /** The client's address, without its port. */
  readonly client: string;
}

/** What became of a result. */
export type Fate =
  | 'passed'
  /** It was cut, truncated, or its connection closed. */
  | 'cut'
  /** It would have been, but nothing was enforced. */
  | 'would-cut'
  /** It passed the limit for buffered results, because it was taken for a stream. */
  | 'admitted';

/** Whether a limit was, or would have been, enforced on it. */
export function isCutFate(fate: Fate): fate is 'cut' | 'would-cut' {
  return fate === 'cut' || fate === 'would-cut';
}

/** What statements are ranked by. */
export type Order = 'bytes' | 'rows' | 'max-bytes' | 'stall' | 'cuts';

export const ORDERS: readonly Order[] = ['bytes', 'rows', 'max-bytes', 'stall', 'cuts'];
