import { existsSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { quickProcesses, runQuickFiles } from '../setup/quickFiles.js';
import { runOk } from '../support/run.js';
import { IS_WHOLE } from './scale.js';

// The quick tests on the later releases of Node.js that have long-term support. Each comes from npm, as a package that holds
// the program: some 30 MB, so only the whole proof fetches them.

const VERSIONS = ['22.23.5', '24.22.3', '26.12.1'] as const;
const FOLDER = fileURLToPath(new URL('../../node_modules/.cache/sluice-node/', import.meta.url));

/** Fetches a release unless it is there. Returns the path of its program. */
const nodeProgram = async (version: string): Promise<string> => {
  const folder = `${FOLDER}${version}`;
  const program = `${folder}/package/bin/node`;
  if (!existsSync(program)) {
    mkdirSync(folder, { recursive: true });
    const name = `node-${process.platform}-${process.arch}`;
    await runOk('sh', ['-ec', 'cd "$1"; npm pack --silent "$2"; tar -xzf *.tgz', 'sh', folder, `${name}@${version}`]);
  }
  return program;
};

/** On a busy machine each release takes several minutes. */
const PATIENCE_MS = 3_600_000;

t.setTimeout(PATIENCE_MS);
/** In the gate a small part of them runs, on the Node.js of the machine. */
const RELEASES = IS_WHOLE ? VERSIONS : [process.versions.node];
const isWanted = (file: string): boolean => IS_WHOLE || file.includes('/test/workers/');

for (const version of RELEASES) {
  await t.test(`the quick tests pass on Node.js ${version}`, { jobs: 4 }, async (t) => {
    const node = IS_WHOLE ? await nodeProgram(version) : process.execPath;
    t.equal((await runOk('sh', ['-c', '"$0" --version', node])).trim(), `v${version}`);
    for (const [name, files] of quickProcesses()) {
      const wanted = files.filter(isWanted);
      if (wanted.length > 0) runQuickFiles(t, node, name, wanted);
    }
  });
}
