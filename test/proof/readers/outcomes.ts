import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { type Cell, nameOf } from './cells.js';
import type { Outcome } from './reading.js';

/** The outcomes of the runs, stored in a file of JSON lines, so that an interrupted proof resumes. */
export class Outcomes {
  private readonly found = new Map<string, Outcome[]>();

  /**
   * Reads the stored outcomes.
   * @param file null when nothing is stored
   */
  constructor(private readonly file: string | null) {
    if (file === null || !existsSync(file)) return;
    for (const line of readFileSync(file, 'utf8').split('\n').slice(0, -1)) this.note(JSON.parse(line) as Outcome);
  }

  add(outcome: Outcome): void {
    this.note(outcome);
    if (this.file !== null) appendFileSync(this.file, `${JSON.stringify(outcome)}\n`);
  }

  of(cell: Cell): readonly Outcome[] {
    return this.found.get(nameOf(cell)) ?? [];
  }

  hasRun(cell: Cell, run: number): boolean {
    return this.of(cell).some((outcome) => outcome.run === run && outcome.end !== 'failed');
  }

  private note(outcome: Outcome): void {
    const others = (this.found.get(outcome.cell) ?? []).filter(({ run }) => run !== outcome.run);
    this.found.set(outcome.cell, [...others, outcome]);
  }
}
