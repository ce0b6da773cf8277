/**
 * A bounded cache in two generations. An entry that is used again moves to the young generation. When that is full, it
 * becomes the old one, and the former old one is dropped. An entry costs two look-ups and needs no list.
 */
export class Generations<Value> {
  private young = new Map<string, Value>();
  private old = new Map<string, Value>();
  private youngSize = 0;

  /** @param maxSize the most characters that the keys of one generation may have together */
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
