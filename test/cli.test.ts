import { readFileSync, statSync } from 'node:fs';
import t from 'tap';
import { CLI, sluice } from './cli/program.js';
import { run } from './support/run.js';

const packageFile = new URL('../package.json', import.meta.url);

t.test('--help shows the commands, every flag with its default, and the variables', async (t) => {
  const { code, stdout, stderr } = await sluice(['--help']);
  t.equal(code, 0);
  t.equal(stderr, '');
  for (const command of ['sluice start', 'sluice check', 'sluice help']) t.ok(stdout.includes(command), command);
  for (const flag of ['config', 'listen', 'upstream', 'mode', 'max-rows', 'max-bytes', 'log-level']) {
    t.ok(stdout.includes(`--${flag} `), flag);
    t.ok(stdout.includes(`SLUICE_${flag.toUpperCase().replace('-', '_')}`), `variable of ${flag}`);
  }
  for (const value of ['127.0.0.1:3307', 'enforce', '100000', '64MiB', 'info']) {
    t.ok(stdout.includes(`[default: ${value}]`), value);
  }
  t.match(stdout, /sluice help configuration/);
  t.match((await sluice(['check', '--help'])).stdout, /--max-rows/);
});

t.test('--version, -v and -V print the version of the package', async (t) => {
  const { version } = JSON.parse(readFileSync(packageFile, 'utf8'));
  for (const flag of ['--version', '-v', '-V']) {
    t.match(await sluice([flag]), { code: 0, stdout: `${version}\n` }, flag);
  }
});

t.test('-h prints the same as --help, for the program and for each command', async (t) => {
  t.match(await sluice(['-h']), { code: 0, stdout: /^sluice \[command\] \[flags\]$/m });
  t.match(await sluice(['report', '-h']), { code: 0, stdout: /^sluice report \[flags\] FILE\.\.\.$/m });
});

t.test('without arguments it says what is missing, and points to --help and to the demo', async (t) => {
  const { code, stdout, stderr } = await sluice([]);
  t.equal(code, 2);
  t.equal(stdout, '');
  t.match(stderr.split('\n'), [/^config: upstream: required: .*--upstream/, /^sluice --help /, /^sluice demo /, '']);
  t.notMatch((await sluice(['--mode', 'audit'])).stderr, /sluice demo/, 'not to somebody who knows flags');
});

t.test('says in one line which Node.js it needs when Node.js is too old', async (t) => {
  const { engines } = JSON.parse(readFileSync(packageFile, 'utf8'));
  const [, least] = /^>=(\d+\.\d+)$/.exec(engines.node) ?? [];
  const under = (version: string) => {
    const pretence = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' ` +
      `} })`;
    const module = `data:text/javascript,${encodeURIComponent(pretence)}`;
    return run(process.execPath, ['--import', module, CLI, 'check', '--upstream', 'db']);
  };
  for (const version of ['18.20.8', '20.18.3']) {
    const stderr = `sluice: needs Node.js ${least} or later, and this is ${version}\n`;
    t.same(await under(version), { code: 1, stdout: '', stderr });
  }
  for (const version of [`${least}.0`, '22.0.0']) t.match(await under(version), { code: 0 }, version);
});

t.test('refuses an unknown flag or command, and suggests the known one that is close', async (t) => {
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

t.test('refuses a flag without its value, and a flag that is given twice', async (t) => {
  const missing = await sluice(['--upstream', 'db', '--max-rows']);
  t.equal(missing.code, 2);
  t.match(missing.stderr, /^sluice: --max-rows needs a value, such as 10000$/m);
  const twice = await sluice(['--upstream', 'db', '--max-rows', '1', '--max-rows', '2']);
  t.equal(twice.code, 2);
  t.match(twice.stderr, /--max-rows is given more than once/);
});

t.test('the command of the package is the built program, and is executable', (t) => {
  const { bin } = JSON.parse(readFileSync(packageFile, 'utf8'));
  const built = new URL(`../${bin.sluice}`, import.meta.url);
  t.match(readFileSync(built, 'utf8'), /^#!\/usr\/bin\/env node\n/);
  t.equal(statSync(built).mode & 0o111, 0o111);
  t.end();
});
