import t from 'tap';
import { configFile } from '../config/configFile.js';
import { sluice } from './program.js';

t.test('prints a valid configuration with all defaults, in the notation of the file', async (t) => {
  const file = configFile(t, { upstream: { host: '::1' }, limits: { rows: null }, drain: { time: 1000 } });
  const { code, stdout, stderr } = await sluice(['check', '--config', file, '--mode', 'audit']);
  t.equal(code, 0);
  t.equal(stderr, 'The configuration is good.\n');
  const printed = JSON.parse(stdout);
  t.match(printed, {
    listen: '127.0.0.1:3307',
    upstream: '[::1]:3306',
    mode: 'audit',
    limits: { rows: null, bytes: '64MiB' },
    drain: { bytes: '256MiB', time: '1s', waiting: '5s' },
  });
  const again = await sluice(['check', '--config', configFile(t, printed)]);
  t.equal(again.stdout, stdout, 'and loads as the same');
});

t.test('accepts a configuration of flags and variables alone', async (t) => {
  const { code, stdout } = await sluice(['check', '--upstream', 'db'], { SLUICE_MAX_ROWS: '5' });
  t.equal(code, 0);
  t.match(JSON.parse(stdout), { upstream: 'db:3306', limits: { rows: 5 } });
});

t.test('prints every error of a wrong configuration, and ends with exit code 2', async (t) => {
  const file = configFile(t, { limits: { row: 5 }, mode: 'strict' });
  const { code, stdout, stderr } = await sluice(['check', '--config', file, '--max-bytes', '64KB']);
  t.equal(code, 2);
  t.equal(stdout, '');
  t.match(stderr.split('\n'), [
    /^config: upstream: required/,
    /^config: mode: expected "enforce" or "audit", got "strict"$/,
    /^config: limits\.row: unknown key, did you mean limits\.rows\?$/,
    /^--max-bytes: expected/,
    /^$/,
  ]);
});

t.test('warns of a setting that is allowed but unwise', async (t) => {
  const file = configFile(t, { upstream: 'db', onExceed: { error: { code: 1105 } } });
  const { code, stderr } = await sluice(['check', '--config', file]);
  t.equal(code, 0);
  t.match(stderr, /^warning: onExceed\.error\.code: on 1105 HikariCP/);
});

t.test('says which rule would apply to a client and a statement', async (t) => {
  const rule = { name: 'reports', match: { user: 'bi', client: '::1' }, limits: { rows: 5 } };
  const file = configFile(t, { upstream: 'db', rules: [rule] });
  const flags = ['check', '--config', file, '--as', 'user=bi,client=::1', '--sql', 'SELECT a FROM t'];
  const { code, stdout, stderr } = await sluice(flags);
  t.equal(code, 0);
  t.equal(stderr, '');
  t.match(stdout, /^ {2}reports +yes: this one holds$/m);
  t.match(stdout, /^limits +5 rows, 64MiB$/m);
});

t.test('refuses a client without a statement, and a statement without a client', async (t) => {
  const refusal = async (...flags: string[]) => {
    const { code, stdout, stderr } = await sluice(['check', '--upstream', 'db', ...flags]);
    t.equal(code, 2);
    t.equal(stdout, '');
    return stderr;
  };
  t.match(await refusal('--as', 'user=a'), /^--as: needs --sql/);
  t.match(await refusal('--sql', 'SELECT 1'), /^--sql: needs --as/);
  t.match(await refusal('--as', 'usr=a', '--sql', 'SELECT 1'), /^--as: unknown key "usr", did you/);
});

t.test('--help says how to ask for the rule of a statement', async (t) => {
  const { stdout } = await sluice(['check', '--help']);
  t.match(stdout, /--as .*user=,schema=,client=,program=,attributes\.NAME=/);
  t.match(stdout, /--sql /);
});

t.test('does not print a password', async (t) => {
  const file = configFile(t, { upstream: 'db', kill: { user: 'killer', password: 'sEcReT' } });
  const { stdout, stderr } = await sluice(['check', '--config', file]);
  t.notMatch(stdout + stderr, 'sEcReT');
  t.equal(JSON.parse(stdout).kill.password, '***');
});
