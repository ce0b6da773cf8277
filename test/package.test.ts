import { cpSync, existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { run } from './support/run.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** What `npm pack` reads: a clone has no `dist`. */
const CLONED = ['package.json', 'tsconfig.json', 'src', 'LICENSE', 'README.md', 'CHANGELOG.md', 'config.example.json'];

async function folderFor(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-package-'));
  t.teardown(() => rm(folder, { recursive: true }));
  return folder;
}

t.test("the README's commands put `sluice` on the PATH when they run in a fresh clone", async (t) => {
  const folder = await folderFor(t);
  const [clone, prefix] = [join(folder, 'clone'), join(folder, 'prefix')];
  for (const name of CLONED) cpSync(join(ROOT, name), join(clone, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(clone, 'node_modules')); // as `npm ci` leaves it
  mkdirSync(prefix);
  const env = {
    ...process.env, npm_config_prefix: prefix, npm_config_prefer_offline: 'true', npm_config_audit: 'false'
  };
  const commands = `cd '${clone}' && npm pack && npm install --global ./mysql-sluice-*.tgz`;
  const installed = await run('sh', ['-c', commands], { env });
  t.equal(installed.code, 0, installed.stderr);

  const checked = await run(
    'sh', ['-c', 'sluice check --upstream db'], { env: { PATH: `${join(prefix, 'bin')}:${process.env['PATH']}` } },
  );
  t.match(checked, { code: 0, stderr: /The configuration is good\.$/m });
  const packed = join(prefix, 'lib', 'node_modules', 'mysql-sluice');
  for (const file of ['CHANGELOG.md', 'README.md', 'config.example.json', 'dist/admin/page/page.html']) {
    t.ok(existsSync(join(packed, file)), file);
  }
});
