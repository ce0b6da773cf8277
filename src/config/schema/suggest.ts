/**
 * The least number of letters to insert, delete, replace or swap with their neighbour that turns `from` into
 * `to`.
 */
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

/** max_rows, maxRows, MAX-ROWS: the same word to whoever mistypes it. */
function bareWord(name: string): string {
  return name.toLowerCase().replaceAll(/[-_]/g, '');
}

const longestName = 64;

/**
 * Finds what somebody may have meant.
 * @param name what was written
 * @param known the names that exist
 * @returns the known name nearest to it, or undefined where none is near enough to be worth a guess
 */
export function nearest(name: string, known: readonly string[]): string | undefined {
  if (name.length > longestName) return undefined;
  const word = bareWord(name);
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const candidate of known) {
    const target = bareWord(candidate);
    const distance = editDistance(word, target);
    const near = distance <= Math.max(1, Math.floor(Math.max(word.length, target.length) / 3));
    if (near && distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}
