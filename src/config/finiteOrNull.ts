/**
 * A limit without its Infinity, which JSON does not have: null stands for unlimited.
 * @param write writes a finite limit
 */
export function finiteOrNull(limit: number): number | null;
export function finiteOrNull<T>(limit: number, write: (limit: number) => T): T | null;
export function finiteOrNull(limit: number, write: (limit: number) => unknown = (amount) => amount): unknown {
  return limit === Infinity ? null : write(limit);
}
