/**
 * A bounded memory of what was looked up lately, in two generations: what is asked for again moves to the
 * young one, and where that is full, the old one is forgotten and the young one becomes old. An entry costs
 * two look-ups and no list.
 */
export class Generations<Value> {
  private young = new Map<string, Value>();
  private old = new Map<string, Value>();
  private youngSize = 0;

  /** @param maxSize what the keys of a generation may have together, in characters */
  constructor(private readonly maxSize: number) {}

  get(key: string): Value | undefined {
    const found = this.young.get(key);
    if (found !== undefined) return found;
    const older = this.old.get(key);
    if (older !== undefined) this.set(key, older);
    return older;
  }

  set(key: string, value: Value): void {
    if (this.youngSize + key.length > this.maxSize) {
      this.old = this.young;
      this.young = new Map();
      this.youngSize = 0;
    }
    this.young.set(key, value);
    this.youngSize += key.length;
  }
}
