// The events of a world, as the models report them. The story is made of them, and administrators and faults wait for
// them.

/** A thing that has happened. */
export interface Happening {
  readonly atMs: number;
  readonly text: string;
}

/** Collects what happens, and calls those who wait for it. */
export class News {
  readonly story: Happening[] = [];
  /** Facts about statements, connections and the world: the census counts them. */
  readonly facts = new Map<string, Set<string>>();
  private readonly happened = new Set<string>();
  private readonly waiting = new Map<string, (() => void)[]>();

  constructor(private readonly nowMs: () => number) {}

  /** Adds a line to the story. */
  tell(text: string): void {
    this.story.push({ atMs: this.nowMs(), text });
  }

  /** An event has happened, such as `cut 3`. Only the first one of a name counts. */
  note(name: string): void {
    if (this.happened.has(name)) return;
    this.happened.add(name);
    const waiting = this.waiting.get(name) ?? [];
    this.waiting.delete(name);
    for (const then of waiting) then();
  }

  /** Calls `then` at the first event of this name; at once if it has happened. */
  when(name: string, then: () => void): void {
    if (this.happened.has(name)) then();
    else this.waiting.set(name, [...this.waiting.get(name) ?? [], then]);
  }

  /** Notes a fact about a subject, such as a statement. */
  fact(subject: string, fact: string): void {
    const known = this.facts.get(subject);
    if (known === undefined) this.facts.set(subject, new Set([fact]));
    else known.add(fact);
  }
}
