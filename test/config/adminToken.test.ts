import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { adviceOn } from '../../src/config/advice.js';
import { ConfigError, loadAdminAddress, loadWithNotices, printConfig } from '../../src/config/load.js';
import { configFile, withUpstream } from './configFile.js';

const TOKEN = 'e3b0c44298fc1c149afbf4c8996fb924';
const ADMIN = { listen: '127.0.0.1:9307' };

/** Loads a file with these settings of the endpoint. */
const loadAdmin = (t: Test, admin: object | null, environment: NodeJS.ProcessEnv, flags: object = {}) =>
  loadWithNotices({ config: configFile(t, withUpstream({ admin })), ...flags }, environment);

const problemsOf = (t: Test, environment: NodeJS.ProcessEnv): readonly string[] => {
  try {
    loadAdmin(t, ADMIN, environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
};

t.test('SLUICE_ADMIN_TOKEN is the token of the endpoint, and is printed nowhere', (t) => {
  const { config, notices } = loadAdmin(t, ADMIN, { SLUICE_ADMIN_TOKEN: TOKEN });
  t.equal(config.admin?.token, TOKEN);
  t.same(notices, []);
  t.notMatch(printConfig(config), TOKEN);
  t.equal(loadAdmin(t, null, { SLUICE_ADMIN_TOKEN: TOKEN }, { admin: '127.0.0.1:1' }).config.admin?.token, TOKEN);
  t.equal(loadAdmin(t, ADMIN, { SLUICE_ADMIN_TOKEN: '' }).config.admin?.token, null, 'an empty one is none');
  t.end();
});

t.test('SLUICE_ADMIN_TOKEN_FILE is the path of the token, from the working folder', (t) => {
  const config = configFile(t, withUpstream({ admin: { ...ADMIN, tokenFile: 'nowhere' } }));
  const file = join(t.testdirName, 'token');
  writeFileSync(file, `${TOKEN}\n`);
  const { config: { admin }, notices } = loadWithNotices({ config }, { SLUICE_ADMIN_TOKEN_FILE: file });
  t.match(admin, { token: TOKEN, tokenFile: file });
  t.same(notices, ['admin.tokenFile: SLUICE_ADMIN_TOKEN_FILE overrides the file; unset it to use the file']);
  const problems = problemsOf(t, { SLUICE_ADMIN_TOKEN_FILE: 'not-there' });
  t.same(problems, [`SLUICE_ADMIN_TOKEN_FILE: cannot read the token: ${join(process.cwd(), 'not-there')}: no such file`]);
  t.end();
});

t.test('SLUICE_ADMIN_TOKEN overrides admin.tokenFile, which is not read then', (t) => {
  const { config, notices } = loadAdmin(t, { ...ADMIN, tokenFile: '/nowhere' }, { SLUICE_ADMIN_TOKEN: TOKEN });
  t.match(config.admin, { token: TOKEN, tokenFile: undefined });
  t.same(notices, ['admin.tokenFile: SLUICE_ADMIN_TOKEN overrides the file; unset it to use the file']);
  t.end();
});

t.test('refuses both variables together and what cannot be a token, without quoting it', (t) => {
  t.same(problemsOf(t, { SLUICE_ADMIN_TOKEN: TOKEN, SLUICE_ADMIN_TOKEN_FILE: '/x' }), [
    'SLUICE_ADMIN_TOKEN and SLUICE_ADMIN_TOKEN_FILE: give only one of the two',
  ]);
  for (const wrong of ['two words', 'tökensecret', 'x'.repeat(1025)]) {
    const problems = problemsOf(t, { SLUICE_ADMIN_TOKEN: wrong });
    t.match(problems, [/^SLUICE_ADMIN_TOKEN: expected a token of at most 1024 visible ASCII characters/]);
    t.notMatch(problems.join(), wrong);
  }
  t.end();
});

t.test('says that a token is not used where there is no endpoint', (t) => {
  t.same(loadAdmin(t, null, { SLUICE_ADMIN_TOKEN: TOKEN, SLUICE_ADMIN_TOKEN_FILE: '/nowhere' }).notices, [
    'SLUICE_ADMIN_TOKEN: is not used, since there is no admin endpoint: give --admin',
    'SLUICE_ADMIN_TOKEN_FILE: is not used, since there is no admin endpoint: give --admin',
  ]);
  t.end();
});

t.test('warns of a short token, of one that everybody can read, and of an open endpoint without one', (t) => {
  const file = join(t.testdir({ token: 'open-sesame\n' }), 'token');
  const adviceFor = (admin: object, environment: NodeJS.ProcessEnv = {}) =>
    adviceOn(loadWithNotices({ upstream: 'db', admin: Object(admin).listen }, environment).config)
      .filter((line) => /admin|TOKEN/.test(line));
  chmodSync(file, 0o644);
  t.match(adviceFor(ADMIN, { SLUICE_ADMIN_TOKEN_FILE: file }), [
    /^admin\.tokenFile: every user of this host can read .*token; make it readable for Sluice alone$/,
    /^admin\.tokenFile: the token is short, and can be guessed; give one of at least 16 random characters/,
  ]);
  chmodSync(file, 0o600);
  t.match(adviceFor(ADMIN, { SLUICE_ADMIN_TOKEN_FILE: file }), [/^admin\.tokenFile: the token is short/]);
  t.match(adviceFor(ADMIN, { SLUICE_ADMIN_TOKEN: 'fifteen-letters' }), [/^SLUICE_ADMIN_TOKEN: the token is short/]);
  t.match(adviceFor({ listen: '0.0.0.0:1' }), [/^admin\.listen: other hosts can connect, and without a token/]);
  for (const [admin, environment] of [
    [ADMIN, {}], [{ listen: '[::1]:1' }, {}], [{ listen: '0.0.0.0:1' }, { SLUICE_ADMIN_TOKEN: TOKEN }],
  ] as const) t.same(adviceFor(admin, environment), [], admin.listen);
  t.end();
});

t.test('the address of the endpoint is known without its token', (t) => {
  const config = configFile(t, withUpstream({ admin: { ...ADMIN, tokenFile: '/nowhere' } }));
  t.same(loadAdminAddress({ config }, {}), { host: '127.0.0.1', port: 9307 });
  t.end();
});
