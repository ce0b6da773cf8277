import t from 'tap';
import { configFile } from '../config/configFile.js';
import { sluice } from './program.js';

t.test('a good configuration is printed as it will be used, in its own notation', async (t) => {
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
    drain: { bytes: '256MiB', time: '1s' },
  });
  const again = await sluice(['check', '--config', configFile(t, printed)]);
  t.equal(again.stdout, stdout, 'and loads as the same');
});

t.test('flags and variables alone make a configuration, too', async (t) => {
  const { code, stdout } = await sluice(['check', '--upstream', 'db'], { SLUICE_MAX_ROWS: '5' });
  t.equal(code, 0);
  t.match(JSON.parse(stdout), { upstream: 'db:3306', limits: { rows: 5 } });
});

t.test('a wrong configuration is answered with every error, and exit code 2', async (t) => {
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

t.test('what is allowed but unwise is a warning', async (t) => {
  const file = configFile(t, { upstream: 'db', onExceed: { error: { code: 1105 } } });
  const { code, stderr } = await sluice(['check', '--config', file]);
  t.equal(code, 0);
  t.match(stderr, /^warning: onExceed\.error\.code: on 1105 HikariCP/);
});
