/** Collects all mistakes in a configuration, so that its author sees all of them at once. */
export class Findings {
  private readonly found: { path: string; says: string }[] = [];

  /**
   * @param sources the name of the flag or variable for each path that one has set: "limits.rows" -> "--max-rows"
   * @param folder the folder of the configuration file, where its relative paths start; null without a file
   */
  constructor(private readonly sources: ReadonlyMap<string, string>, readonly folder: string | null) {}

  /** Adds a value that is not of its kind. */
  unexpected(path: string, { expected, expectedAsText, isSecret, remedyFor }: Expected, value: unknown): void {
    const wanted = this.sources.has(path) ? expectedAsText ?? expected : expected;
    const remedy = typeof value === 'string' ? remedyFor?.(value) ?? null : null;
    const found = isSecret ? typeName(value) : quote(value);
    this.add(path, `expected ${wanted}, got ${found}${remedy === null ? '' : `: ${remedy}`}`);
  }

  /** Adds any other mistake. `says` has no full stop. */
  add(path: string, says: string): void {
    const key = path === '' ? 'config' : `config: ${path}`;
    this.found.push({ path, says: `${this.sources.get(path) ?? key}: ${says}` });
  }

  /** All findings, one line each, in the order of the settings. */
  get all(): string[] {
    return this.found.map(({ says }) => says);
  }

  /** The findings about flags and variables. They are valid even if the file could not be read. */
  get fromSources(): string[] {
    return this.found.filter(({ path }) => this.sources.has(path)).map(({ says }) => says);
  }
}

/** A value as error messages quote it: short, and without the contents of objects and lists. */
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

/** The description of a kind of value, to follow the word "expected". */
export interface Expected {
  readonly expected: string;
  /** The description for flags and variables, if it differs: a command line has no null. */
  readonly expectedAsText?: string;
  /** The remedy for a common mistake; null for any other value. */
  remedyFor?(found: string): string | null;
  /** Messages never quote a value in this place, because it may be meant as a secret. */
  readonly isSecret?: true;
}
