import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const COMPILED = join(ROOT, '.tap/compiled');

/**
 * Has the compiler write all modules if one has changed, without a check of types. Else each process of the quick tests
 * loads the compiler to transpile what has changed, and most of them the same modules.
 * @throws if the compiler refuses a module, after it has said why
 */
export const compileTests = (): void => {
  if (['src', 'test'].every(isCompiled)) return;
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const project = join(ROOT, 'test/setup/tsconfig.json');
  const { status } = spawnSync(process.execPath, [tsc, '-p', project, '--noCheck'], { stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new Error('the tests do not compile');
};

const isCompiled = (folder: string): boolean =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
    .every((name) => modifiedMs(join(COMPILED, folder, name.replace(/ts$/, 'js'))) > modifiedMs(join(ROOT, folder, name)));

const modifiedMs = (path: string): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
