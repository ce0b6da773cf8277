import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PieceResult } from './piece.js';

/** The seeds that were run so far, in a file: a long run goes on in pieces. */
export class Progress {
  private constructor(
    private readonly file: string, readonly pieces: Piece[], readonly counts: Record<string, number>,
  ) {}

  /** Reads the file, if there is one. */
  static read(file = FILE): Progress {
    try {
      const { pieces, counts } = JSON.parse(readFileSync(file, 'utf8')) as Progress;
      return new Progress(file, pieces, counts);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      return new Progress(file, [], {});
    }
  }

  /** The first seed after all that were run. */
  get next(): number {
    return Math.max(1, ...this.pieces.map(({ from, worlds }) => from + worlds));
  }

  get worlds(): number {
    return this.pieces.reduce((sum, { worlds }) => sum + worlds, 0);
  }

  /** Adds worlds that were run, and writes the file. */
  add(revision: string, from: number, { worlds, failures, counts }: PieceResult): void {
    const failed = failures.map(({ seed }) => seed);
    const before = this.pieces.find((piece) => piece.revision === revision && piece.from + piece.worlds === from);
    if (before === undefined) this.pieces.push({ revision, from, worlds, failed });
    else {
      before.worlds += worlds;
      before.failed.push(...failed);
    }
    for (const [name, count] of Object.entries(counts)) this.counts[name] = (this.counts[name] ?? 0) + count;
    this.write();
  }

  private write(): void {
    const { file, pieces, counts } = this;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(`${file}.${process.pid}`, JSON.stringify({ pieces, counts }));
    renameSync(`${file}.${process.pid}`, file);
  }
}

/** The seeds that were run on one revision. */
export interface Piece {
  readonly revision: string;
  readonly from: number;
  worlds: number;
  readonly failed: number[];
}

const FILE = fileURLToPath(new URL('../../node_modules/.cache/sluice-simulation/progress.json', import.meta.url));

const FOLDERS = ['../../src/', './'].map((folder) => fileURLToPath(new URL(folder, import.meta.url)));

/** The state of the code: a hash of the text of the proxy and of the simulation. */
export const revisionHere = (): string => {
  const hash = createHash('sha256');
  for (const folder of FOLDERS) {
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
    for (const file of files.sort()) hash.update(file).update(readFileSync(join(folder, file)));
  }
  return hash.digest('hex').slice(0, 12);
};
