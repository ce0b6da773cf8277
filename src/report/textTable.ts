/** A column of a table in plain text. */
export interface Column {
  readonly title: string;
  /** Text is aligned to the left, numbers to the right. */
  readonly align: 'left' | 'right';
}

/**
 * Lays out a table: its titles, a rule under them, and its rows. Each column is as wide as its contents.
 * @returns its lines
 */
export function layOut(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const widthOf = ({ title }: Column, i: number): number =>
    Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0));
  const widths = columns.map(widthOf);
  const aligned = (cell: string, i: number): string =>
    columns[i]?.align === 'right' ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0);
  const line = (cells: readonly string[]): string => cells.map(aligned).join('  ').trimEnd();
  // The last column may have a very long text. Its rule is only as wide as its title.
  const last = columns.length - 1;
  const rule = columns.map(({ title }, i) => '='.repeat(i === last ? title.length : widths[i] ?? 0));
  return [line(columns.map(({ title }) => title)), line(rule), ...rows.map(line)];
}
