import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { sluice } from './cli/program.js';
import { guard, spawned } from './support/guard.js';
import { commandThatBegins, commandThatIs } from './support/readme.js';
import { run } from './support/run.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** The files that `npm pack` reads. A clone has no `dist`. */
const CLONED = ['package.json', 'tsconfig.json', 'src', 'LICENSE', 'README.md', 'CHANGELOG.md', 'config.example.json'];

/**
 * Makes a clone after `npm ci`, in a folder that goes away with the test. Its compiler does not check the types, as they
 * were checked before the tests.
 */
async function makeClone(t: Test): Promise<{ readonly folder: string; readonly clone: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-package-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const clone = join(folder, 'clone');
  for (const name of CLONED) cpSync(join(ROOT, name), join(clone, name), { recursive: true });
  const config = JSON.parse(readFileSync(join(clone, 'tsconfig.json'), 'utf8'));
  config.compilerOptions.noCheck = true;
  writeFileSync(join(clone, 'tsconfig.json'), JSON.stringify(config));
  symlinkSync(join(ROOT, 'node_modules'), join(clone, 'node_modules'));
  return { folder, clone };
}

t.test("the README's commands put `sluice` on the PATH when they run in a fresh clone", async (t) => {
  const { folder, clone } = await makeClone(t);
  const prefix = join(folder, 'prefix');
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
    'CHANGELOG.md', 'README.md', 'config.example.json', 'schema.json', 'dist/admin/page/page.html', 'dist/help/rules.md',
    'src/help/rules.md',
  ];
  for (const file of files) t.ok(existsSync(join(packed, file)), file);
  const helped = await run('sh', ['-c', `'${join(prefix, 'bin', 'sluice')}' help rules`]);
  t.match(helped, { code: 0, stdout: readFileSync(join(packed, 'src/help/rules.md'), 'utf8') });
});

t.test("the README's first command shows the demo in a fresh clone, and stays up", async (t) => {
  const { clone } = await makeClone(t);
  const command = commandThatIs('npm ci && npm run demo').replace('npm ci && ', '');
  // In a process group of its own, as in a terminal, so that an interrupt reaches npm and the processes it has started.
  const demo = spawn('sh', ['-c', `cd '${clone}' && ${command}`], {
    detached: true, stdio: ['ignore', 'pipe', 'inherit'],
  });
  const pid = await spawned(demo);
  const callOff = guard(-pid);
  const ended = once(demo, 'close').finally(callOff);
  const shown: string[] = [];
  for await (const line of createInterface({ input: demo.stdout })) {
    shown.push(line);
    if (line.startsWith('Your turn')) break;
  }
  t.match(shown.join('\n'), /ERROR 3170/);
  t.match(shown.at(-1), /^Your turn/);
  demo.stdout.resume();
  process.kill(-pid, 'SIGINT');
  await ended;
});

t.test('the files of the image exist, and the program understands its arguments', async (t) => {
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
