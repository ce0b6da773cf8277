import { columnTypesIn, decodeDefinitions } from '../protocol/columnDefinition.js';
import { Command } from '../protocol/commands.js';
import { HEADER_BYTES } from '../protocol/framing.js';
import { FirstByte } from '../protocol/packets.js';
import { ColumnCounter, MAX_ROWS } from './columnCounter.js';
import type { Definitions } from './definitions.js';

/** The part of a response's usage that counting its columns needs. */
interface CountedColumns {
  readonly command: { readonly code: number; readonly statement: { readonly columnTypes: Buffer | null } | null };
  readonly rows: number;
  readonly bytes: number;
  readonly resultSets: number;
  readonly columnsNow: number;
  readonly recordRows: number;
  readonly recordBytes: number;
  columnCounter: ColumnCounter | null;
}

/**
 * Counts the columns of skimmed rows, if a record of their response is due or may become due.
 * @param at the offset at which skimming has stopped; beyond `end` if the last row continues in the next chunk
 * @param definitions those of the rows' result set
 */
export function noteColumns(
  usage: CountedColumns, chunk: Buffer, from: number, at: number, end: number, definitions: Definitions,
): void {
  const goesOn = end - at <= HEADER_BYTES;
  const isAtLimit = !goesOn && chunk[at + HEADER_BYTES]! < FirstByte.EOF;
  if (at === from && !goesOn && !isAtLimit) return;
  const isAll = isAtLimit || usage.rows > usage.recordRows || usage.bytes > usage.recordBytes;
  if (!goesOn && !isAll) return;
  if (usage.columnCounter === null) beginCounting(usage, definitions.upTo(chunk, from));
  usage.columnCounter?.count(chunk, from, Math.min(at, end), isAll ? MAX_ROWS : ROWS_PER_CHUNK);
  if (isAtLimit) usage.columnCounter?.countFront(chunk, at, end);
}

/**
 * Makes the counter of the result set under way, unless there are too many columns or result sets, or rows of the
 * binary protocol whose types are not known.
 * @param packets the column definitions; null if they are not known
 */
export function beginCounting(usage: CountedColumns, packets: Buffer | null): void {
  const { command: { code, statement }, columnsNow: columns, resultSets } = usage;
  if (resultSets === 0 || resultSets > MAX_RESULT_SETS || columns > MAX_COLUMNS) return;
  const definitions = packets === null ? null : decodeDefinitions(packets, columns);
  if (!PREPARED.has(code)) {
    usage.columnCounter = new ColumnCounter(columns, resultSets, null, definitions);
    return;
  }
  const types = packets === null ? statement?.columnTypes ?? null : columnTypesIn(packets, columns);
  if (types?.length === columns) usage.columnCounter = new ColumnCounter(columns, resultSets, types, definitions);
}

/** Commands whose rows are of the binary protocol. */
const PREPARED: ReadonlySet<number> = new Set([
  Command.STMT_EXECUTE, Command.STMT_BULK_EXECUTE, Command.STMT_FETCH,
]);
const ROWS_PER_CHUNK = 16;
/** More than servers allow. */
const MAX_COLUMNS = 4096;
/** The most result sets of a response whose columns are counted. */
const MAX_RESULT_SETS = 64;
