/** The host names of a world. A name has an address, fails, or is slow; that may change. */
export class Names {
  private readonly entries = new Map<string, NameEntry>();

  /** From now on a name has this address; null if it is not known. @param afterMs the time that an answer takes */
  set(name: string, address: string | null, afterMs = 0.1): void {
    this.entries.set(name, { address, afterMs });
  }

  /** The answer for a name. An unknown one fails at once. */
  find(name: string): NameEntry {
    return this.entries.get(name) ?? { address: null, afterMs: 0.1 };
  }
}

/** What the resolver answers, and after how long. */
export interface NameEntry {
  readonly address: string | null;
  readonly afterMs: number;
}
