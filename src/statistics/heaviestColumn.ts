/**
 * Says which part of a result its heaviest column is, such as "orders.body is 93% of it"; null if nothing is known.
 * @param totalBytes of all columns
 * @param resultSet the number of the result set with these columns; null if it is the only one of its response
 */
export function heaviestColumn(
  first: ColumnBytes | undefined, totalBytes: number, resultSet: number | null,
): string | null {
  if (first === undefined || totalBytes <= 0) return null;
  const { position, name, table, bytes } = first;
  const column = name === null ? `column ${position}` : table === null || table === '' ? name : `${table}.${name}`;
  const whole = resultSet === null ? 'it' : `result set ${resultSet}`;
  return `${column} is ${Math.round((bytes / totalBytes) * 100)}% of ${whole}`;
}

/** A column and its bytes in the rows that were counted. */
interface ColumnBytes {
  /** From 1 on. */
  readonly position: number;
  /** Null if not known. */
  readonly name: string | null;
  readonly table: string | null;
  readonly bytes: number;
}
