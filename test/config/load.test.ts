import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import t from 'tap';
import { loadConfig, loadWithNotices, printConfig } from '../../src/config/load.js';
import { configFile, load, problems, withUpstream } from './configFile.js';

t.test('flags override variables, variables override the file, and the file overrides the defaults', (t) => {
  const file = { upstream: 'file', limits: { rows: 1, bytes: 1 }, log: { level: 'warn' } };
  const environment = { SLUICE_UPSTREAM: 'variable', SLUICE_MAX_ROWS: '2', SLUICE_MAX_BYTES: '2KiB' };
  const config = load(t, file, { upstream: 'flag:1', 'max-rows': '3' }, environment);
  t.match(config.upstream, [{ at: { host: 'flag', port: 1 }, proxyProtocol: 'off' }]);
  t.strictSame(config.limits, { rows: 3, bytes: 2048 });
  t.equal(config.log.level, 'warn');
  t.equal(config.mode, 'enforce');
  t.end();
});

t.test('each flag has its variable', (t) => {
  const config = loadConfig({}, {
    SLUICE_CONFIG: configFile(t, { drain: { time: '1s' } }),
    SLUICE_LISTEN: '[::]:0',
    SLUICE_UPSTREAM: 'db',
    SLUICE_MODE: 'audit',
    SLUICE_MAX_ROWS: 'unlimited',
    SLUICE_MAX_BYTES: '65536',
    SLUICE_LOG_LEVEL: 'debug',
    SLUICE_ADMIN: '127.0.0.1',
  });
  t.equal(config.drain.timeMs, 1000);
  t.match(config.listen, [{ at: { host: '::', port: 0 }, proxyProtocol: [] }]);
  t.match(config.upstream, [{ at: { host: 'db', port: 3306 }, proxyProtocol: 'off' }]);
  t.equal(config.mode, 'audit');
  t.strictSame(config.limits, { rows: Infinity, bytes: 65_536 });
  t.equal(config.log.level, 'debug');
  t.strictSame(config.admin, { listen: { host: '127.0.0.1', port: 9307 }, token: null });
  t.end();
});

t.test('ignores variables that only begin like its own, as Kubernetes sets them', (t) => {
  const environment = { SLUICE_PORT: 'tcp://10.0.0.1:3307', SLUICE_SERVICE_HOST: '10.0.0.1' };
  t.strictSame(load(t, withUpstream({}), {}, environment), loadConfig({ upstream: 'db' }, {}));
  t.end();
});

t.test('warns of an ignored variable whose name is close to a known one', (t) => {
  const notices = (environment: NodeJS.ProcessEnv) => loadWithNotices({ upstream: 'db' }, environment).notices;
  t.same(notices({ SLUICE_MAXROWS: '5' }), ['"SLUICE_MAXROWS": is not read, did you mean SLUICE_MAX_ROWS?']);
  t.match(notices({ SLUICE_LOGLEVEL: 'debug', sluice_mode: 'audit' }), [/SLUICE_LOG_LEVEL\?$/, /SLUICE_MODE\?$/]);
  const ofServices = {
    SLUICE_PORT: 'tcp://10.0.0.1:3307', SLUICE_PORT_3307_TCP: 'tcp://10.0.0.1:3307',
    SLUICE_PORT_3307_TCP_ADDR: '10.0.0.1',
    SLUICE_SERVICE_HOST: '10.0.0.1', SLUICE_SERVICE_PORT: '3307', SLUICE_SERVICE_PORT_MYSQL: '3307',
    SLUICE_ADMIN_PORT: 'tcp://10.0.0.1:9307', SLUICE_ADMIN_SERVICE_HOST: '10.0.0.1',
    SLUICE_MODE_PORT: 'tcp://10.0.0.1:1',
  };
  t.same(notices({ ...ofServices, SLUICE_PROOF: 'whole', OTHER_MODE: 'x', SLUICE_MODE: 'audit' }), []);
  t.end();
});

t.test('warns of a variable that overrides a different value of the file', (t) => {
  const file = { upstream: 'db', limits: { rows: 5 }, admin: { listen: '127.0.0.1:9000' }, listen: '127.0.0.1:3307' };
  const notices = (environment: NodeJS.ProcessEnv, flags: object = {}) =>
    loadWithNotices({ config: configFile(t, file), ...flags }, environment).notices;
  t.same(notices({ SLUICE_ADMIN: '127.0.0.1:9307' }), [
    'admin: SLUICE_ADMIN overrides the file; unset it to use the file',
  ]);
  const others = { SLUICE_MAX_BYTES: '6', SLUICE_LISTEN: '127.0.0.1' };
  t.match(notices({ SLUICE_MAX_ROWS: '6', ...others }), [/^limits\.rows: SLUICE_MAX_ROWS /],
    'of none that says the same, or what the file leaves out');
  t.same(notices({ SLUICE_MAX_ROWS: '6', SLUICE_ADMIN: '' }, { 'max-rows': '7' }), [], 'and of none that is not used');
  t.end();
});

t.test('resolves relative paths from the folder of the file', (t) => {
  const folder = t.testdir({ 'sluice.json': '', secret: 'hush\n' });
  const file = join(folder, 'sluice.json');
  const settings = {
    kill: { user: 'ops', passwordFile: 'secret' },
    admin: { listen: '127.0.0.1:1', tokenFile: './secret' },
    audit: { to: 'audit.json' },
  };
  writeFileSync(file, JSON.stringify(withUpstream(settings)));
  for (const config of [file, relative(process.cwd(), file)]) {
    const loaded = loadConfig({ config }, {});
    const audit = { to: join(folder, 'audit.json') };
    t.match(loaded, { kill: { password: 'hush' }, admin: { token: 'hush' }, audit });
    writeFileSync(join(folder, 'printed.json'), printConfig(loaded));
    t.same(
      loadConfig({ config: join(folder, 'printed.json') }, {}), loaded, 'and it is printed so that it means the same',
    );
  }
  const tls = { mode: 'required', cert: 'no.pem', key: 'no.pem' };
  writeFileSync(file, JSON.stringify(withUpstream({ listen: { host: '::1', tls } })));
  t.throws(() => loadConfig({ config: file }, {}), { message: new RegExp(`${join(folder, 'no.pem')}: no such file`) });
  t.equal(load(t, withUpstream({ audit: { to: 'stdout' } })).audit.to, 'stdout');
  t.equal(load(t, withUpstream({ audit: { to: '/var/log/a.json' } })).audit.to, '/var/log/a.json');
  t.end();
});

t.test('takes an empty variable as not given', (t) => {
  t.equal(load(t, withUpstream({ mode: 'audit' }), {}, { SLUICE_MODE: '', SLUICE_CONFIG: '' }).mode, 'audit');
  t.end();
});

t.test('--listen and --upstream replace the address in an object, and keep its other keys', (t) => {
  const config = load(t, { upstream: { host: 'file', port: 3310, proxyProtocol: 'v2' } }, { upstream: 'flag' });
  t.match(config.upstream, [{ at: { host: 'flag', port: 3306 }, proxyProtocol: 'v2' }]);
  const found = problems(t, { upstream: { host: 'file', proxyprotocol: true } }, { upstream: 'flag' });
  t.match(found, [/^config: upstream\.proxyprotocol: unknown key/]);
  t.end();
});

t.test('says what to write before a port without a host', (t) => {
  t.match(problems(t, {}, { listen: ':3307', upstream: ':3306' }), [
    /^--listen: .*got ":3307": for all interfaces write 0\.0\.0\.0:3307$/,
    /^--upstream: .*got ":3306": write the server's host before it, such as db\.example\.com:3306$/,
  ]);
  t.end();
});

t.test('names the flag or variable of a wrong value, among the errors of the file', (t) => {
  const found = problems(
    t,
    { mode: 'strict' },
    { upstream: 'db:x', 'max-rows': '10k' },
    { SLUICE_MAX_BYTES: '', SLUICE_LOG_LEVEL: 'loud', SLUICE_MAX_ROWS: '5' },
  );
  t.match(found, [
    /^--upstream: expected HOST:PORT, \[IPV6\]:PORT or \/PATH, got "db:x"$/,
    /^config: mode: /,
    /^--max-rows: expected a positive integer or "unlimited", got "10k": write 10000$/,
    /^SLUICE_LOG_LEVEL: expected .*, got "loud"$/,
  ]);
  t.end();
});

t.test('refuses a number in a flag that has a sign, a blank or an exponent', (t) => {
  const wrong = ['', ' 5', '5 ', '+5', '-5', '0', '1e3', '0x10', '5.0', 'null', 'Infinity', `${2 ** 53}`];
  for (const text of wrong) {
    t.equal(problems(t, withUpstream({}), { 'max-rows': text }).length, 1, JSON.stringify(text));
  }
  t.end();
});

t.test('reports a section that is no object when a flag sets one of its keys', (t) => {
  t.strictSame(problems(t, withUpstream({ limits: 5 }), { 'max-rows': '5' }), [
    'config: limits: expected an object, got 5',
  ]);
  t.end();
});

t.test('reports line and column of a JSON error, beside the errors of the flags', (t) => {
  t.strictSame(problems(t, '{\n  "mode": "audit",\n}', { 'max-rows': 'x' }), [
    'config: FILE:3:1: expected a key in double quotes, got "}"',
    '--max-rows: expected a positive integer or "unlimited", got "x"',
  ]);
  t.strictSame(problems(t, '{"mode": "audit", "mode": "enforce"}'), [
    'config: FILE:1:19: the key "mode" is given twice',
  ]);
  t.match(problems(t, '[]'), [/^config: expected an object, got a list$/]);
  t.match(problems(t, Buffer.from([0x7b, 0xff, 0x7d])), [/^config: FILE: not UTF-8$/]);
  t.end();
});

t.test('accepts a byte order mark before the configuration', (t) => {
  t.match(load(t, '\ufeff{"upstream": "db"}').upstream, [{ at: { host: 'db' } }]);
  t.end();
});

t.test('refuses a file that is unreadable or larger than 1 MiB', (t) => {
  const loading = (config: string) => () => loadConfig({ config, upstream: 'db' }, {});
  t.throws(loading('/nonexistent/x'), /^--config: cannot read the configuration: \/nonexistent\/x: no such file$/);
  t.throws(loading(t.testdir()), /^--config: cannot read the configuration: .*: it is a folder$/);
  t.throws(loading('/dev/zero'), /^--config: cannot read the configuration: \/dev\/zero is not a regular file$/);
  t.match(problems(t, `{"upstream": "db"}${' '.repeat(1024 * 1024)}`), [/larger than 1 MiB/]);
  t.end();
});

t.test('refuses a pipe in place of a file without waiting for its writer', (t) => {
  const pipe = join(t.testdir(), 'pipe');
  execFileSync('mkfifo', [pipe]);
  const refused = new RegExp(`: cannot read the configuration: ${pipe} is not a regular file$`);
  t.throws(() => loadConfig({ config: pipe, upstream: 'db' }, {}), refused);
  t.end();
});
