import {
  type Cell, type Column, ColumnType, fixedRelation, type Relation, textColumn, type TypedValue,
} from './relation.js';
import type { Expression, Limit, LimitValue, SelectItem, Statement } from './sql.js';
import { notUnderstood, SqlError, unknownColumn, unknownTable } from './sqlError.js';
import { findTable, SCHEMA, TABLE_NAMES } from './tables.js';
import { SERVER_VERSION, systemVariable } from './variables.js';
import { ServerErrors } from '../protocol/errorCodes.js';

/** The state that a connection keeps between statements. */
export interface SessionState {
  readonly connectionId: number;
  readonly user: string;
  readonly schema: string;
  readonly isAutocommit: boolean;
  readonly isInTransaction: boolean;
}

/** The answer to a statement: the rows [`from`, `to`) of a relation, or an OK with its changes of the state. */
export type Answer =
  | { readonly kind: 'rows'; readonly relation: Relation; readonly from: number; readonly to: number }
  | { readonly kind: 'done'; readonly change: Partial<SessionState> };

/**
 * Answers a statement. `parameters` are the values of its `?`; they are empty while it is only prepared. Throws
 * SqlError if a table, a column, a variable or a function is unknown.
 */
export function answer(
  statement: Statement, session: SessionState, parameters: readonly TypedValue[],
): Answer {
  switch (statement.kind) {
    case 'rows':
      return limited(project(statement.table, statement.columns), statement.limit, parameters);
    case 'count': {
      const column = { name: statement.name, type: ColumnType.LONGLONG, table: '', maxBytes: 20 };
      const { rowCount } = tableOf(statement.table);
      return limited(fixedRelation([column], [[rowCount]]), statement.limit, parameters);
    }
    case 'values':
      return limited(valuesRelation(statement.items, session, parameters), statement.limit, parameters);
    case 'show':
      return whole(shown(statement.what));
    case 'columns':
      return whole(described(tableOf(statement.table)));
    case 'use':
      return { kind: 'done', change: { schema: statement.schema } };
    case 'transaction':
      return { kind: 'done', change: { isInTransaction: statement.begins } };
    case 'autocommit':
      return { kind: 'done', change: { isAutocommit: statement.on } };
    case 'set':
      return { kind: 'done', change: {} };
  }
}

/** The table with this name. Throws SqlError 1146 if there is none. */
export function tableOf(name: string): Relation {
  const table = findTable(name.toLowerCase());
  if (table === null) throw unknownTable(name);
  return table;
}

function whole(relation: Relation): Answer {
  return { kind: 'rows', relation, from: 0, to: relation.rowCount };
}

function limited(relation: Relation, limit: Limit, parameters: readonly TypedValue[]): Answer {
  const from = Math.min(limitNumber(limit.offset, parameters), relation.rowCount);
  const to = Math.min(from + limitNumber(limit.count, parameters), relation.rowCount);
  return { kind: 'rows', relation, from, to };
}

function limitNumber(limit: LimitValue, parameters: readonly TypedValue[]): number {
  if (typeof limit === 'number') return limit;
  const number = Number(parameters[limit.index]?.value ?? 0);
  if (!(number >= 0)) throw new SqlError(ServerErrors.WRONG_ARGUMENTS, 'Incorrect arguments to LIMIT');
  return Math.floor(number);
}

function project(tableName: string, names: readonly string[] | '*'): Relation {
  const table = tableOf(tableName);
  if (names === '*') return table;
  const indexes = names.map((name) => {
    const index = table.columns.findIndex((column) => column.name === name.toLowerCase());
    if (index < 0) throw unknownColumn(name, tableName);
    return index;
  });
  if (table.kind === 'payload') {
    if (indexes.length > 1) throw notUnderstood(`${names.join(', ')}: payload can be selected once`);
    return table;
  }
  const columns = indexes.map((index) => table.columns[index]!);
  return { ...table, columns, cell: (row, column) => table.cell(row, indexes[column]!) };
}

function valuesRelation(
  items: readonly SelectItem[], session: SessionState, parameters: readonly TypedValue[],
): Relation {
  const values = items.map((item) => evaluate(item.expression, session, parameters));
  const columns = values.map(({ value, type }, i): Column => {
    return { name: items[i]!.name, type, table: '', maxBytes: Math.max(String(value).length * 4, 20) };
  });
  return fixedRelation(columns, [values.map(({ value }) => value)]);
}

function evaluate(
  expression: Expression, session: SessionState, parameters: readonly TypedValue[],
): TypedValue {
  switch (expression.kind) {
    case 'literal':
      return expression.value;
    case 'parameter':
      return parameters[expression.index] ?? { value: null, type: ColumnType.VAR_STRING };
    case 'variable':
      return typed(systemVariable(expression.name));
    case 'function':
      return typed(callFunction(expression.name, session));
  }
}

function typed(value: Cell): TypedValue {
  return { value, type: typeof value === 'number' ? ColumnType.LONGLONG : ColumnType.VAR_STRING };
}

function callFunction(name: string, session: SessionState): Cell {
  switch (name) {
    case 'database':
    case 'schema':
      return session.schema === '' ? null : session.schema;
    case 'user':
    case 'current_user':
    case 'session_user':
      return `${session.user}@localhost`;
    case 'version':
      return SERVER_VERSION;
    case 'connection_id':
      return session.connectionId;
    default:
      throw new SqlError(ServerErrors.SP_DOES_NOT_EXIST, `FUNCTION ${name} does not exist in the demo server`);
  }
}

function shown(what: 'tables' | 'databases' | 'nothing'): Relation {
  switch (what) {
    case 'tables':
      return fixedRelation([textColumn(`Tables_in_${SCHEMA}`)], TABLE_NAMES.map((name) => [name]));
    case 'databases':
      return fixedRelation([textColumn('Database')], [[SCHEMA]]);
    case 'nothing':
      return fixedRelation([textColumn('Variable_name'), textColumn('Value')], []);
  }
}

const TYPE_NAMES = new Map<ColumnType, (column: Column) => string>([
  [ColumnType.LONGLONG, () => 'bigint'],
  [ColumnType.DATETIME, () => 'datetime'],
  [ColumnType.NEWDECIMAL, () => 'decimal(10,2)'],
  [ColumnType.VAR_STRING, ({ maxBytes }) => (maxBytes > 0xffff ? 'longtext' : `varchar(${maxBytes})`)],
]);

function described(table: Relation): Relation {
  const columns = ['Field', 'Type', 'Null', 'Key', 'Default', 'Extra'].map(textColumn);
  return fixedRelation(columns, table.columns.map((column) => {
    return [column.name, TYPE_NAMES.get(column.type)?.(column) ?? null, 'YES', '', null, ''];
  }));
}
