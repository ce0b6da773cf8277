import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { sluice } from './cli/program.js';
import { commandThatBegins, commandThatIs } from './support/readme.js';
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
  const install = commandThatIs('npm pack && npm install --global ./mysql-sluice-*.tgz');
  const commands = `cd '${clone}' && ${install}`;
  const installed = await run('sh', ['-c', commands], { env });
  t.equal(installed.code, 0, installed.stderr);

  const checked = await run(
    'sh', ['-c', 'sluice check --upstream db'], { env: { PATH: `${join(prefix, 'bin')}:${process.env['PATH']}` } },
  );
  t.match(checked, { code: 0, stderr: /The configuration is good\.$/m });
  const packed = join(prefix, 'lib', 'node_modules', 'mysql-sluice');
  const files = [
    'CHANGELOG.md', 'README.md', 'config.example.json', 'dist/admin/page/page.html', 'dist/help/rules.md',
    'src/help/rules.md',
  ];
  for (const file of files) t.ok(existsSync(join(packed, file)), file);
  const helped = await run('sh', ['-c', `'${join(prefix, 'bin', 'sluice')}' help rules`]);
  t.match(helped, { code: 0, stdout: readFileSync(join(packed, 'src/help/rules.md'), 'utf8') });
});

t.test('the demo command of the README builds the program and runs its demo', (t) => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  t.equal(commandThatBegins('npm ci && npm run demo'), 'npm ci && npm run demo');
  // `npm ci` and the build run before these tests do, and cli-demo.test.ts runs the rest.
  t.equal(scripts.demo, 'npm run build && node dist/cli.js demo');
  t.end();
});

t.test('the image is made of files that are there, and its arguments are understood', async (t) => {
  const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.*) \S+$/gm)].flatMap(([, names = '']) => names.split(' '));
  const ignore = readFileSync(join(ROOT, '.dockerignore'), 'utf8').split('\n');
  t.ok(copied.length > 5, 'there are some');
  for (const name of copied) {
    t.ok(existsSync(join(ROOT, name)), name);
    t.ok(ignore.includes(`!${name}`), `${name} is not ignored`);
  }
  const [, args = ''] = / sluice (--.*)$/.exec(commandThatBegins('docker run')) ?? [];
  t.match(await sluice(['check', ...args.split(' ')]), { code: 0 });
});
