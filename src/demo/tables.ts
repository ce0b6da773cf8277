import { type Cell, type Column, ColumnType, type Relation } from './relation.js';

/** The schema that SHOW DATABASES lists. Every other name is accepted too, and has the same tables. */
export const SCHEMA = 'demo';

/** The tables that SHOW TABLES lists. `rows_N` and `rows_N_of_BYTES` exist for every number. */
export const TABLE_NAMES = ['documents', 'events', 'orders', 'rows_1000', 'rows_1000000_of_100'] as const;

/** The tables, as error messages name them. */
export const TABLES_TEXT = 'orders, events, documents, rows_N, rows_N_of_BYTES';

const FIRST_MOMENT_MS = Date.UTC(2026, 0, 1);

const CUSTOMERS = ['Ada', 'Edgar', 'Grace', 'Jim', 'Katherine', 'Leslie', 'Michael', 'Radia'] as const;
const NOTES = [null, 'gift', 'fragile', 'Zürich', ''] as const;
const EVENT_KINDS = ['login', 'view', 'search', 'add to cart', 'checkout', 'logout'] as const;

const DOCUMENT_TEXT = 'A result set goes on for as long as its reader goes on reading. '.repeat(2048);
const MIN_DOCUMENT_BYTES = 4 * 1024;
const DOCUMENT_BYTES_STEP = 977;

/** The longest value of a LONGTEXT: as long as a packet that servers accept (`max_allowed_packet`). */
const MAX_PAYLOAD_VALUE_BYTES = 1024 ** 3;

/** The table with this name; null if there is none. Reading it twice gives the same rows. */
export function findTable(name: string): Relation | null {
  switch (name) {
    case 'orders':
      return cells(name, 100, ORDERS);
    case 'events':
      return cells(name, 1_000_000, EVENTS);
    case 'documents':
      return cells(name, 10_000, DOCUMENTS);
    default:
      return numberedTable(name);
  }
}

function numberedTable(name: string): Relation | null {
  const match = /^rows_(\d{1,12})(?:_of_(\d{1,10}))?$/.exec(name);
  if (match === null) return null;
  const rowCount = Number(match[1]);
  if (match[2] === undefined) return cells(name, rowCount, NUMBERED);
  const payloadBytes = Number(match[2]);
  if (payloadBytes > MAX_PAYLOAD_VALUE_BYTES) return null;
  const column = { name: 'payload', type: ColumnType.VAR_STRING, table: name, maxBytes: payloadBytes };
  return { kind: 'payload', columns: [column], rowCount, payloadBytes };
}

interface ColumnMaker {
  readonly name: string;
  readonly type: ColumnType;
  readonly maxBytes: number;
  valueAt(row: number): Cell;
}

function integer(name: string, valueAt: (row: number) => number): ColumnMaker {
  return { name, type: ColumnType.LONGLONG, maxBytes: 20, valueAt };
}

function text(name: string, maxBytes: number, valueAt: (row: number) => string | null): ColumnMaker {
  return { name, type: ColumnType.VAR_STRING, maxBytes, valueAt };
}

function decimal(name: string, valueAt: (row: number) => string): ColumnMaker {
  return { name, type: ColumnType.NEWDECIMAL, maxBytes: 12, valueAt };
}

function moment(name: string, secondsBetweenRows: number): ColumnMaker {
  const valueAt = (row: number): number => FIRST_MOMENT_MS + row * secondsBetweenRows * 1000;
  return { name, type: ColumnType.DATETIME, maxBytes: 19, valueAt };
}

const id = integer('id', (row) => row + 1);

const ORDERS = [
  id,
  text('customer', 32, (row) => pick(CUSTOMERS, row)),
  moment('placed_at', 3600),
  decimal('amount', (row) => ((scatter(row) % 100_000) / 100).toFixed(2)),
  text('note', 32, (row) => pick(NOTES, row)),
];

const EVENTS = [
  id,
  moment('happened_at', 7),
  integer('user_id', (row) => scatter(row) % 50_000),
  text('kind', 16, (row) => pick(EVENT_KINDS, scatter(row))),
  text('path', 64, (row) => `/shop/${scatter(row).toString(36)}/${row % 97}`),
];

const DOCUMENTS = [
  id,
  text('title', 64, (row) => `Document ${row + 1}`),
  text('body', DOCUMENT_TEXT.length, (row) => {
    const moreBytes = (row * DOCUMENT_BYTES_STEP) % (DOCUMENT_TEXT.length - MIN_DOCUMENT_BYTES);
    return DOCUMENT_TEXT.slice(0, MIN_DOCUMENT_BYTES + moreBytes);
  }),
];

const NUMBERED = [id, text('label', 32, (row) => `row ${row + 1}`)];

function cells(table: string, rowCount: number, makers: readonly ColumnMaker[]): Relation {
  const columns = makers.map(({ name, type, maxBytes }): Column => ({ name, type, table, maxBytes }));
  return { kind: 'cells', columns, rowCount, cell: (row, column) => makers[column]?.valueAt(row) ?? null };
}

function pick<T>(values: readonly T[], number: number): T {
  return values[number % values.length]!;
}

/** A 32-bit number that looks random and is always the same for a row (Knuth's multiplicative hash). */
function scatter(row: number): number {
  return Math.imul(row + 1, 0x9e37_79b1) >>> 0;
}
