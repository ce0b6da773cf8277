// Searches for the first rate at which something holds.

/** Rates from `lowest` on in KB/s, each a tenth higher than the one before. */
export const ratesFrom = (lowest: number, count: number): number[] =>
  Array.from({ length: count }, (_, step) => Math.round(lowest * 1.1 ** step));

/**
 * The first of `values` for which `holds` is true, found by bisection: it is true for all values after such a one.
 * Null when it is true for none.
 */
export const firstThat = async <T>(
  values: readonly T[], holds: (value: T) => Promise<boolean>,
): Promise<T | null> => {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (await holds(values[middle]!)) high = middle;
    else low = middle + 1;
  }
  return values[low] ?? null;
};
