/** A column of a table in plain text. */
export interface Column {
  readonly title: string;
  /** Text stands at the left, numbers at the right. */
  readonly align: 'left' | 'right';
}

/**
 * Lays out a table: its titles, a rule under them, and its rows, the columns as wide as what stands in them.
 * @returns its lines
 */
export function layOut(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const widths = columns.map(({ title }, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]): string => cells
    .map((cell, i) => (columns[i]?.align === 'right' ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
    .join('  ')
    .trimEnd();
  const last = columns.length - 1;
  const rule = widths.map((width, i) => '='.repeat(i === last ? Math.min(width, columns[i]?.title.length ?? 0) : width));
  return [line(columns.map(({ title }) => title)), line(rule), ...rows.map(line)];
}
