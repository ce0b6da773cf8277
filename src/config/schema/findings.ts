/**
 * Gathers everything that is wrong with a configuration, so that nobody has to repair it one error at a time.
 */
export class Findings {
  private readonly found: { path: string; says: string }[] = [];

  /**
   * @param sources for each path that a flag or a variable has set, what to call it: "limits.rows" ->
   * "--max-rows"
   * @param folder of the configuration file, from which relative paths in it start; null where there is no file
   */
  constructor(private readonly sources: ReadonlyMap<string, string>, readonly folder: string | null) {}

  /** Notes that a value is not of its kind. */
  unexpected(path: string, { expected, expectedAsText, isSecret, remedyFor }: Expected, value: unknown): void {
    const wanted = this.sources.has(path) ? expectedAsText ?? expected : expected;
    const remedy = typeof value === 'string' ? remedyFor?.(value) ?? null : null;
    const found = isSecret ? typeName(value) : quote(value);
    this.add(path, `expected ${wanted}, got ${found}${remedy === null ? '' : `: ${remedy}`}`);
  }

  /** Notes anything else; `says` has no full stop. */
  add(path: string, says: string): void {
    const key = path === '' ? 'config' : `config: ${path}`;
    this.found.push({ path, says: `${this.sources.get(path) ?? key}: ${says}` });
  }

  /** One line for each finding, in the order of the settings. */
  get all(): string[] {
    return this.found.map(({ says }) => says);
  }

  /**
   * Those that a flag or a variable is to blame for: what can still be said where the file could not be read.
   */
  get fromSources(): string[] {
    return this.found.filter(({ path }) => this.sources.has(path)).map(({ says }) => says);
  }
}

/** A value as an error message quotes it: short, whatever it is, and nothing of what stands deeper inside. */
export function quote(found: unknown): string {
  if (typeof found === 'object' && found !== null) return typeName(found);
  const text = JSON.stringify(found);
  return text.length <= 80 ? text : `${text.slice(0, 77)}...`;
}

function typeName(found: unknown): string {
  if (found === null) return 'null';
  if (Array.isArray(found)) return 'a list';
  return typeof found === 'object' ? 'an object' : `a ${typeof found}`;
}

/** What a kind of value looks like, to follow the word "expected". */
export interface Expected {
  readonly expected: string;
  /** The same as a flag or a variable says it, where that differs: a command line has no null. */
  readonly expectedAsText?: string;
  /** What to write in place of a common mistake; null where it is none. */
  remedyFor?(found: string): string | null;
  /** No message quotes what stands in its place: whatever that is, somebody may have meant it as a secret. */
  readonly isSecret?: true;
}
