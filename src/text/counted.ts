/**
 * An amount and its noun: `1 row`, `2 rows`.
 * @param noun in the singular; its plural ends in "s"
 * @param shown the amount as the reader sees it, such as "1,000"
 */
export function counted(amount: number, noun: string, shown = String(amount)): string {
  return `${shown} ${noun}${amount === 1 ? '' : 's'}`;
}
