/** The result of a SELECT: columns, and rows that are computed on demand and never stored. */

export type Relation = CellRelation | PayloadRelation;

/** The column types that the demo's tables use. Source: MySQL 9.7 `field_types.h`. */
export const ColumnType = {
  LONGLONG: 0x08,
  DATETIME: 0x0c,
  NEWDECIMAL: 0xf6,
  VAR_STRING: 0xfd,
} as const;
export type ColumnType = (typeof ColumnType)[keyof typeof ColumnType];

/** An integer for LONGLONG, milliseconds since 1970 (UTC) for DATETIME, text for the others; null is NULL. */
export type Cell = number | string | null;

/** A value with its type: a literal, or the value of a `?`. */
export interface TypedValue {
  readonly value: Cell;
  readonly type: ColumnType;
}

/** A NULL without a type of its own. */
export const NULL_VALUE: TypedValue = { value: null, type: ColumnType.VAR_STRING };

/** A column as its definition packet describes it. */
export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  /** The table of the column; empty for a computed column. */
  readonly table: string;
  /** The length of the longest value, as text. */
  readonly maxBytes: number;
}

/** Rows of several columns. Each cell is a function of its place. */
export interface CellRelation {
  readonly kind: 'cells';
  readonly columns: readonly Column[];
  readonly rowCount: number;
  /** The value at `row` (from 0) in the column at index `column`. */
  cell(row: number, column: number): Cell;
}

/** Rows of one text of `payloadBytes` bytes each. They can be sent at the speed of the network. */
export interface PayloadRelation {
  readonly kind: 'payload';
  readonly columns: readonly Column[];
  readonly rowCount: number;
  readonly payloadBytes: number;
}

/** A relation that stores its few rows. */
export function fixedRelation(columns: readonly Column[], rows: readonly (readonly Cell[])[]): CellRelation {
  const cell = (row: number, column: number): Cell => rows[row]?.[column] ?? null;
  return { kind: 'cells', columns, rowCount: rows.length, cell };
}

/** A text column that belongs to no table. */
export function textColumn(name: string): Column {
  return { name, type: ColumnType.VAR_STRING, table: '', maxBytes: 1024 };
}
