import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { adviceOn } from '../../src/config/advice.js';
import { printConfig } from '../../src/config/load.js';
import { load, problems, withUpstream } from './configFile.js';

const secret = 'sEcReT-of-nobody';

function passwordFile(t: Test, content: string | Buffer, mode = 0o600): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-password-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'password');
  writeFileSync(file, content, { mode });
  return file;
}

const withKill = (kill: unknown) => withUpstream({ kill });

t.test('kills a query at once when only an account is given', (t) => {
  const { kill } = load(t, withKill({ user: 'killer', password: secret }));
  t.strictSame(kill, { user: 'killer', password: secret, when: { bytes: 0, timeMs: 0 } });
  t.end();
});

t.test('kills nothing when kill is null', (t) => {
  t.equal(load(t, withKill(null)).kill, null);
  t.end();
});

t.test('reads the password from a file, with or without an end of line', (t) => {
  for (const end of ['', '\n', '\r\n']) {
    const file = passwordFile(t, `${secret}${end}`);
    t.match(load(t, withKill({ user: 'killer', passwordFile: file })).kill, { password: secret });
  }
  const { kill } = load(t, withKill({ user: 'killer', passwordFile: passwordFile(t, ' a b \n') }));
  t.equal(kill?.password, ' a b ', 'blanks belong to it');
  t.end();
});

t.test('refuses a password file that does not hold exactly one password', (t) => {
  const problem = (file: string) => problems(t, withKill({ user: 'killer', passwordFile: file }));
  const missing = /^config: kill\.passwordFile: cannot read the password: \/nonexistent\/x: no such file$/;
  t.match(problem('/nonexistent/x'), [missing]);
  t.match(problem(tmpdir()), [/^config: kill\.passwordFile: cannot read the password: .*: it is a folder$/]);
  const tooLarge = /: expected one line with the password: the file is larger than 1024 bytes$/;
  t.match(problem(passwordFile(t, 'x'.repeat(1025))), [tooLarge]);
  t.match(problem('/dev/zero'), [/: cannot read the password: \/dev\/zero is not a regular file$/]);
  t.match(problem(passwordFile(t, '\n')), [/: the file is empty$/]);
  t.match(problem(passwordFile(t, 'a\nb\n')), [/: the file has several lines, or a NUL$/]);
  t.match(problem(passwordFile(t, Buffer.from([0xff, 0xfe]))), [/: the file is not UTF-8$/]);
  t.match(problem(''), [/^config: kill\.passwordFile: expected the path of a file/]);
  t.end();
});

t.test('refuses an account with both password and passwordFile, or with neither', (t) => {
  const needed = [/^config: kill: expected exactly one of password and passwordFile$/];
  t.match(problems(t, withKill({ user: 'killer' })), needed);
  const file = passwordFile(t, secret);
  t.match(problems(t, withKill({ user: 'killer', password: secret, passwordFile: file })), needed);
  t.end();
});

t.test('reports every wrong value', (t) => {
  t.match(problems(t, withKill({ user: '', password: 'x', when: { bytes: -1, time: '25h' } })), [
    /^config: kill\.user: expected a user name of 1 to 128 characters, got ""$/,
    /^config: kill\.when\.bytes: expected a size such as/,
    /^config: kill\.when\.time: expected a time from 0ms to 24h/,
  ]);
  t.match(problems(t, withKill({ password: 'x' })), [/^config: kill\.user: required: the account/]);
  t.end();
});

t.test('prints *** for a password, and refuses *** as a password', (t) => {
  const printed = printConfig(load(t, withKill({ user: 'killer', password: secret })));
  t.notMatch(printed, secret);
  t.match(JSON.parse(printed).kill, { user: 'killer', password: '***' });
  t.match(problems(t, printed), [/^config: kill\.password: expected a password .* not the \*\*\* that/]);
  t.end();
});

t.test('prints the path of a password file in place of its password, so that it loads as the same', (t) => {
  const config = load(t, withKill({ user: 'killer', passwordFile: passwordFile(t, secret) }));
  const printed = printConfig(config);
  t.notMatch(printed, secret);
  t.equal('password' in JSON.parse(printed).kill, false);
  t.strictSame(load(t, printed), config);
  t.end();
});

t.test('no error quotes a value that may be a password', (t) => {
  const wrong: unknown[] = [
    { user: 'killer', password: [secret] },
    { user: 'killer', password: { value: secret } },
    { user: 'killer', password: secret.repeat(100) },
    { user: 'killer', password: 123454321 },
    { user: 'killer', pasword: secret },
    { user: { name: secret }, password: 'x' },
    [secret],
    secret,
  ];
  for (const kill of wrong) {
    const found = problems(t, withKill(kill));
    t.not(found.length, 0);
    t.notMatch(found.join('\n'), new RegExp(`${secret}|123454321`), found.join());
  }
  t.notMatch(problems(t, JSON.stringify([withKill({ password: secret })])).join(), secret);
  t.end();
});

t.test('warns of a password file that every user can read', (t) => {
  const advice = (mode: number) =>
    adviceOn(load(t, withKill({ user: 'killer', passwordFile: passwordFile(t, secret, mode) })));
  t.match(advice(0o644), [/^kill\.passwordFile: every user of this host can read /]);
  t.same(advice(0o640), []);
  t.end();
});

t.test('warns of a kill that can never happen', (t) => {
  const kill = { user: 'killer', password: secret };
  const advice = (settings: object) => adviceOn(load(t, withUpstream({ kill, ...settings })));
  t.match(advice({ mode: 'audit' }), [/^kill: is never used/]);
  t.same(advice({ mode: 'audit', rules: [{ name: 'r', match: {}, mode: 'enforce' }] }), []);
  t.match(advice({ kill: { ...kill, when: { bytes: '1GiB' } } }), [/^kill\.when\.bytes: is never reached/]);
  t.match(advice({ kill: { ...kill, when: { time: '30s' } } }), [/^kill\.when\.time: is never reached/]);
  t.end();
});
