/**
 * Finds the name that a mistyped one may stand for.
 * @param name the mistyped name
 * @param known the names that exist
 * @returns the nearest known name; null if none is near enough
 */
export function suggest(name: string, known: readonly string[]): string | null {
  if (name.length > LONGEST_NAME) return null;
  const word = bareWord(name);
  let best: string | null = null;
  let bestDistance = Infinity;
  for (const candidate of known) {
    const target = bareWord(candidate);
    const distance = editDistance(word, target);
    const near = distance <= Math.max(1, Math.floor(Math.max(word.length, target.length) / 3));
    if (near && distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

const LONGEST_NAME = 64;

/** The least number of edits that turn `from` into `to`: insert, delete or replace a letter, or swap two neighbours. */
function editDistance(from: string, to: string): number {
  let twoBack: number[] = [];
  let previous = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1];
      const swapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      current[column] = Math.min(
        (previous[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (previous[column - 1] ?? 0) + (same ? 0 : 1),
        swapped ? (twoBack[column - 2] ?? Infinity) + 1 : Infinity,
      );
    }
    twoBack = previous;
    previous = current;
  }
  return previous[to.length] ?? 0;
}

/** max_rows, maxRows and MAX-ROWS are the same word to someone who mistypes it. */
function bareWord(name: string): string {
  return name.toLowerCase().replaceAll(/[-_]/g, '');
}
