import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { guard, type Lifetime, spawned } from '../support/guard.js';
import { mutated, type Mutation } from './mutations.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** What the simulation needs of the checkout. */
const COPIED = ['package.json', 'src', 'test/config', 'test/setup', 'test/simulation', 'test/support'];

/** The result of a hunt: the first seed with a violation, or the number of seeds without one. */
export type HuntResult =
  | { readonly seed: number, readonly invariant: string, readonly text: string }
  | { readonly seed: null, readonly seeds: number };

/** A copy of the sources in a temporary folder, in which a fault can be put. The checkout stays as it is. */
export class MutatedCopy {
  private readonly folder = mkdtempSync(join(tmpdir(), 'sluice-mutations-'));

  /** Copies the sources; the copy ends with `t`. */
  constructor(t: Lifetime) {
    t.teardown(() => rmSync(this.folder, { recursive: true, force: true }));
    for (const name of COPIED) cpSync(join(ROOT, name), join(this.folder, name), { recursive: true });
    // The packages without what tests keep beside them: the copy's transpiled modules go with the copy.
    const packages = join(this.folder, 'node_modules');
    mkdirSync(packages);
    for (const name of readdirSync(join(ROOT, 'node_modules'))) {
      if (name !== '.cache') symlinkSync(join(ROOT, 'node_modules', name), join(packages, name));
    }
  }

  /**
   * Puts the fault in, hunts, and takes it out. A world that breaks an invariant has to be well without the fault.
   * @param seeds how many worlds are tried, from `seed` on; the first one with a violation ends the hunt
   * @throws when the fault's place is not there, when the hunt itself fails, or when a world is not well without it
   */
  async hunt(mutation: Mutation, seed: number, seeds: number): Promise<HuntResult> {
    const path = join(this.folder, 'src', mutation.file);
    const source = readFileSync(path, 'utf8');
    writeFileSync(path, mutated(mutation, source));
    const found = await this.run(mutation, seed, seeds).finally(() => writeFileSync(path, source));
    if (found.seed === null) return found;
    const control = await this.run(mutation, found.seed, 1);
    if (control.seed === null) return found;
    throw new Error(`the world of seed ${control.seed} breaks "${control.invariant}" without a fault: ${control.text}`);
  }

  private async run({ name }: Mutation, seed: number, seeds: number): Promise<HuntResult> {
    const args = ['--import=./test/setup/transpile.mjs', 'test/simulation/hunt.ts', String(seed), String(seeds)];
    const child = spawn(process.execPath, args, { cwd: this.folder, stdio: ['ignore', 'pipe', 'pipe'] });
    const callOff = guard(await spawned(child));
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const [code] = await once(child, 'close') as [number | null];
    callOff();
    const line = said.split('\n').find((candidate) => candidate.startsWith('{"seed"'));
    if (line === undefined) throw new Error(`the hunt for the mutation "${name}" ended with ${code}:\n${said}`);
    return JSON.parse(line) as HuntResult;
  }
}
