import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Lifetime } from '../../support/guard.js';

/** A verdict of Sluice on a client's pace. */
export interface Look {
  /** The statement. */
  readonly sql: string;
  /** Rows that were sent before it. */
  readonly rows: number;
  readonly isSlow: boolean;
  /** Null when the client had taken everything before the first look. */
  readonly rowsPerSecond: number | null;
  /** From the limit to the verdict. */
  readonly ms: number;
}

const fileUrl = (path: string): string => new URL(`../../../dist/${path}`, import.meta.url).href;

/** A module that is loaded before Sluice's own. It writes each verdict into a file at once. */
const moduleFor = (file: string): string => `data:text/javascript,${encodeURIComponent(`
  import { appendFileSync } from 'node:fs';
  import { GovernedUsage } from '${fileUrl('policy/governedUsage.js')}';
  import { PaceJudge } from '${fileUrl('relay/session/paceJudge.js')}';
  const { judge } = PaceJudge.prototype;
  const { lookedAt } = GovernedUsage.prototype;
  const began = new WeakMap();
  PaceJudge.prototype.judge = function judgeObserved(usage) {
    began.set(usage, performance.now());
    return judge.call(this, usage);
  };
  GovernedUsage.prototype.lookedAt = function lookedAtObserved(reading) {
    lookedAt.call(this, reading);
    const look = { sql: this.statement.text, rows: this.rows, ms: performance.now() - began.get(this), ...reading };
    appendFileSync(${JSON.stringify(file)}, JSON.stringify(look) + '\\n');
  };
`)}`;

/** The verdicts of a Sluice on its clients. */
export class Looks {
  private readonly file: string;

  constructor(t: Lifetime) {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-looks-'));
    t.teardown(() => rmSync(folder, { recursive: true }));
    this.file = join(folder, 'looks');
    writeFileSync(this.file, '');
  }

  /** The module that Sluice has to load before its own, see `startSluice`. */
  get module(): string {
    return moduleFor(this.file);
  }

  /** All verdicts so far on a statement whose text holds `mark`. */
  at(mark: string): Look[] {
    const lines = readFileSync(this.file, 'utf8').split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as Look).filter(({ sql }) => sql.includes(mark));
  }
}
