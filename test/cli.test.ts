import { readFileSync, statSync } from 'node:fs';
import t from 'tap';
import { sluice } from './cli/program.js';

const packageFile = new URL('../package.json', import.meta.url);

t.test('--help shows the commands, every flag with its default, and the variables', async (t) => {
  const { code, stdout, stderr } = await sluice(['--help']);
  t.equal(code, 0);
  t.equal(stderr, '');
  for (const command of ['sluice start', 'sluice check']) t.ok(stdout.includes(command), command);
  for (const flag of ['config', 'listen', 'upstream', 'mode', 'max-rows', 'max-bytes', 'log-level']) {
    t.ok(stdout.includes(`--${flag} `), flag);
    t.ok(stdout.includes(`SLUICE_${flag.toUpperCase().replace('-', '_')}`), `variable of ${flag}`);
  }
  for (const value of ['127.0.0.1:3307', 'enforce', '100000', '64MiB', 'info']) {
    t.ok(stdout.includes(`[default: ${value}]`), value);
  }
  t.match(stdout, /README\.md/);
  t.match((await sluice(['check', '--help'])).stdout, /--max-rows/);
});

t.test('--version is the version of the package', async (t) => {
  const { code, stdout } = await sluice(['--version']);
  t.equal(code, 0);
  t.equal(stdout, `${JSON.parse(readFileSync(packageFile, 'utf8')).version}\n`);
});

t.test('an unknown flag or command is refused, with the known one that was probably meant', async (t) => {
  const refusal = async (...args: string[]) => {
    const { code, stdout, stderr } = await sluice(args);
    t.equal(code, 2, args.join(' '));
    t.equal(stdout, '');
    t.match(stderr, /--help/, 'and where to look');
    return stderr.split('\n')[0];
  };
  t.equal(await refusal('--upstrem', 'db'), 'sluice: unknown flag --upstrem, did you mean --upstream?');
  t.equal(await refusal('--max_rows=5'), 'sluice: unknown flag --max_rows, did you mean --max-rows?');
  t.equal(await refusal('check', '--no-mode'), 'sluice: unknown flag --no-mode, did you mean --mode?');
  t.equal(await refusal('-x'), 'sluice: unknown flag -x');
  t.equal(await refusal('chekc'), 'sluice: unknown command "chekc", did you mean check?');
  t.equal(await refusal('check', 'check'), 'sluice: expected only flags after check, got "check"');
  t.equal(await refusal('check', 'a.json'), 'sluice: expected only flags after check, got "a.json"');
});

t.test('a flag without its value, or given twice, is refused', async (t) => {
  const missing = await sluice(['--upstream', 'db', '--max-rows']);
  t.equal(missing.code, 2);
  t.match(missing.stderr, /max-rows/);
  const twice = await sluice(['--upstream', 'db', '--max-rows', '1', '--max-rows', '2']);
  t.equal(twice.code, 2);
  t.match(twice.stderr, /--max-rows is given more than once/);
});

t.test('the command of the package is the built program, and may be run', (t) => {
  const { bin } = JSON.parse(readFileSync(packageFile, 'utf8'));
  const built = new URL(`../${bin.sluice}`, import.meta.url);
  t.match(readFileSync(built, 'utf8'), /^#!\/usr\/bin\/env node\n/);
  t.equal(statSync(built).mode & 0o111, 0o111);
  t.end();
});
