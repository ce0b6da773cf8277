import { readFileSync } from 'node:fs';
import t from 'tap';
import { loadConfig, printConfig } from '../../src/config/load.js';
import { walk } from '../../src/config/schema/section.js';
import { settings } from '../../src/config/settings.js';
import { load, problems, withUpstream } from './configFile.js';

const NO_SAMPLE = { rows: Infinity, bytes: Infinity, oneIn: Infinity, perSecond: 100 };
/** The defaults of TLS. */
const clientsTls = { mode: 'auto', requestCert: false, minVersion: 'TLSv1.2' };
const serversTls = { mode: 'preferred', bridge: true };

t.test('with nothing but an upstream the documented defaults hold', (t) => {
  t.strictSame(loadConfig({ upstream: 'db.example.com' }, {}), {
    listen: [{ at: { host: '127.0.0.1', port: 3307 }, proxyProtocol: [], tls: clientsTls }],
    upstream: [{ at: { host: 'db.example.com', port: 3306 }, proxyProtocol: 'off', tls: serversTls }],
    mode: 'enforce',
    limits: { rows: 100_000, bytes: 64 * 1024 ** 2 },
    warn: { rows: Infinity, bytes: Infinity },
    onExceed: { action: 'error', error: { code: 3170, sqlState: 'HY000', message: null } },
    hints: 'lower',
    streaming: {
      limits: { rows: Infinity, bytes: Infinity },
      signals: ['cursor', 'dump', 'jdbc', 'hint', 'pace'],
      pace: { waitMs: 500, maxRowsPerSecond: 3200, maxBytesPerSecond: 32 * 1024 ** 2 },
      netWriteTimeoutMs: null,
    },
    rules: [],
    drain: { bytes: 256 * 1024 ** 2, timeMs: 30_000, waitingMs: 5000 },
    kill: null,
    budget: { bytes: Infinity },
    stall: { warnAfterMs: 10_000 },
    onUnparsed: 'relay',
    compression: 'inspect',
    connections: { max: 10_000, connectTimeoutMs: 10_000, handshakeTimeoutMs: 10_000, keepAliveMs: 30_000 },
    audit: {
      to: 'stdout', format: 'json', sql: 'full', sqlBytes: 4096, params: false, sample: NO_SAMPLE, admitted: true,
      tags: [
        'application', 'service', 'route', 'controller', 'action', 'job', 'framework', 'source_location',
        'dddb', 'dddbs', 'dde', 'ddh', 'ddps', 'ddpv',
      ],
      liveTags: ['route'],
    },
    telemetry: { otlp: null, resource: {} },
    log: { level: 'info' },
    admin: null,
    shutdown: { acceptForMs: 5000, timeoutMs: 30_000 },
    workers: 1,
  });
  t.end();
});

t.test('reads every setting from the file', (t) => {
  const config = load(t, {
    listen: { host: '::1', proxyProtocol: ['10.0.0.0/8', 'unix'] },
    upstream: [{ host: 'db', port: 3310, proxyProtocol: 'v2' }, '/run/mysqld/mysqld.sock'],
    mode: 'audit',
    limits: { rows: null, bytes: 1000 },
    warn: { rows: 5, bytes: '1KiB' },
    onExceed: { action: 'hold', error: { code: 1644, sqlState: '45000', message: 'at most {limit}' } },
    hints: 'any',
    streaming: {
      limits: { rows: 7, bytes: '1GiB' }, signals: ['pace', 'dump'],
      pace: { wait: '10ms', maxRowsPerSecond: 500, maxBytesPerSecond: '1MiB' },
      netWriteTimeout: '10m',
    },
    rules: [],
    drain: { bytes: '1MiB', time: '1m', waiting: '1s' },
    kill: { user: 'killer', password: 'secret', when: { bytes: '1KiB', time: '1s' } },
    budget: { bytes: '1GiB' },
    stall: { warnAfter: '1m' },
    onUnparsed: 'close',
    compression: 'strip',
    connections: { max: 1, connectTimeout: 500, handshakeTimeout: '2s', keepAlive: '1h' },
    audit: {
      to: '/var/log/sluice.json', format: 'slowlog', sql: 'digest', sqlBytes: 0, params: true,
      sample: { rows: 0, bytes: '1KiB', oneIn: 50, perSecond: 7 }, admitted: false,
      tags: ['tenant'], liveTags: [],
    },
    telemetry: {
      otlp: {
        endpoint: 'https://collector:4318', headers: { 'x-tenant': 'shop' }, interval: '10s', timeout: '5s',
        metrics: false, logs: 'http://logs:4318/v1/logs',
      },
      resource: { 'service.name': 'sluice-shop' },
    },
    log: { level: 'silent' },
    admin: { listen: { host: '::1' } },
    shutdown: { acceptFor: 0, timeout: '1m' },
    workers: 4,
  });
  t.strictSame(config, {
    listen: [{ at: { host: '::1', port: 3307 }, proxyProtocol: ['10.0.0.0/8', 'unix'], tls: clientsTls }],
    upstream: [
      { at: { host: 'db', port: 3310 }, proxyProtocol: 'v2', tls: serversTls },
      { at: { path: '/run/mysqld/mysqld.sock' }, proxyProtocol: 'off', tls: serversTls },
    ],
    mode: 'audit',
    limits: { rows: Infinity, bytes: 1000 },
    warn: { rows: 5, bytes: 1024 },
    onExceed: { action: 'hold', error: { code: 1644, sqlState: '45000', message: 'at most {limit}' } },
    hints: 'any',
    streaming: {
      limits: { rows: 7, bytes: 1024 ** 3 }, signals: ['pace', 'dump'],
      pace: { waitMs: 10, maxRowsPerSecond: 500, maxBytesPerSecond: 1024 ** 2 },
      netWriteTimeoutMs: 600_000,
    },
    rules: [],
    drain: { bytes: 1024 ** 2, timeMs: 60_000, waitingMs: 1000 },
    kill: { user: 'killer', password: 'secret', when: { bytes: 1024, timeMs: 1000 } },
    budget: { bytes: 1024 ** 3 },
    stall: { warnAfterMs: 60_000 },
    onUnparsed: 'close',
    compression: 'strip',
    connections: { max: 1, connectTimeoutMs: 500, handshakeTimeoutMs: 2000, keepAliveMs: 3_600_000 },
    audit: {
      to: '/var/log/sluice.json', format: 'slowlog', sql: 'digest', sqlBytes: 0, params: true,
      sample: { rows: 0, bytes: 1024, oneIn: 50, perSecond: 7 }, admitted: false,
      tags: ['tenant'], liveTags: [],
    },
    telemetry: {
      otlp: {
        endpoint: 'https://collector:4318', headers: { 'x-tenant': 'shop' }, sentHeaders: { 'x-tenant': 'shop' },
        intervalMs: 10_000, timeoutMs: 5000, metrics: false, logs: 'http://logs:4318/v1/logs', traces: true, tls: {},
      },
      resource: { 'service.name': 'sluice-shop' },
    },
    log: { level: 'silent' },
    admin: { listen: { host: '::1', port: 9307 }, token: null },
    shutdown: { acceptForMs: 0, timeoutMs: 60_000 },
    workers: 4,
  });
  t.end();
});

t.test('freezes a configuration at every depth', (t) => {
  const isFrozen = (value: unknown): boolean =>
    typeof value !== 'object' || (Object.isFrozen(value) && Object.values(Object(value)).every(isFrozen));
  t.ok(isFrozen(loadConfig({ upstream: 'db' }, {})));
  t.ok(isFrozen(load(t, { upstream: { host: 'db' } })));
  t.end();
});

t.test('loads a printed configuration as the same configuration', (t) => {
  const config = load(t, withUpstream({ limits: { rows: null }, listen: '[::1]:0', drain: { time: 1500 } }));
  t.strictSame(load(t, printConfig(config)), config);
  t.end();
});

t.test('the example file loads and shows every setting', (t) => {
  const text = readFileSync(new URL('../../config.example.json', import.meta.url), 'utf8');
  t.equal(load(t, text).mode, 'enforce');
  const example: unknown = JSON.parse(text);
  for (const { path, field } of walk(settings)) {
    // These name files that this machine need not have; kill.passwordFile also excludes kill.password.
    if (field.isOptional === true && /(File|\.ca|\.cert|\.key)$/.test(path)) continue;
    const value = path.split('.').reduce((object: unknown, key) => Object(object)[key], example);
    t.not(value, undefined, path);
  }
  t.end();
});

t.test('reports all errors at once: the key, what was expected, what was found', (t) => {
  const found = problems(t, {
    listen: 'nowhere:x',
    upstream: { host: 'db', port: '3306' },
    mode: 'strict',
    limits: { rows: '10k', bytes: '64KB' },
    warn: null,
    onExceed: { action: 'cut', error: { code: 2013, sqlState: 'hy000' } },
    hints: 'all',
    streaming: {
      limits: { rows: 0 }, signals: ['pace', 'speed', 'pace'], pace: { wait: '9ms' }, netWriteTimeout: '1500ms',
    },
    rules: {},
    drain: { bytes: null, time: 0 },
    budget: { bytes: 0 },
    stall: { warnAfter: null },
    connections: { max: 1.5, keepAlive: '10ms' },
    audit: { to: '', sql: 'some', sqlBytes: '2MiB', params: 'yes', admitted: 'no' },
    log: { level: 'loud' },
    admin: { listen: 'here:x', tokenFile: '' },
    shutdown: { acceptFor: '2h', timeout: 0 },
    workers: 0,
  });
  const size = 'such as 65536 or "64KiB" (B, KiB, MiB, GiB, TiB)';
  const time = 'such as 10000 or "10s" (ms, s, m, h)';
  t.strictSame(found, [
    'config: listen: expected "host:port", "[ipv6]:port", "/path" or an object, got "nowhere:x"',
    'config: upstream.port: expected a port from 1 to 65535, got "3306"',
    'config: mode: expected "enforce" or "audit", got "strict"',
    'config: limits.rows: expected a positive integer or null, got "10k": write 10000',
    `config: limits.bytes: expected a size above 0 ${size} or null, got "64KB"`,
    'config: warn: expected an object, got null',
    'config: onExceed.action: expected "error", "truncate", "close", or "hold", got "cut"',
    'config: onExceed.error.code: expected an error code from 1 to 32767, ' +
      'except 2000 to 2999 and 5000 to 5999, which clients refuse, got 2013',
    'config: onExceed.error.sqlState: expected five characters of 0-9 and A-Z, not beginning with 00, ' +
      'such as "HY000", got "hy000"',
    'config: hints: expected "none", "lower", or "any", got "all"',
    'config: streaming.limits.rows: expected a positive integer or null, got 0',
    'config: streaming.signals[1]: expected "cursor", "dump", "jdbc", "hint", or "pace", got "speed"',
    'config: streaming.signals[2]: has the signal "pace" of streaming.signals[0]',
    `config: streaming.pace.wait: expected a time from 10ms to 1m ${time}, got "9ms"`,
    `config: streaming.netWriteTimeout: expected a time in whole seconds from 1s to 8760h ${time} or null, got ` +
      `"1500ms"`,
    'config: rules: expected a list of at most 1000 rules, got an object',
    `config: drain.bytes: expected a size above 0 ${size}, got null`,
    `config: drain.time: expected a time from 1ms to 24h ${time}, got 0`,
    `config: budget.bytes: expected a size above 0 ${size} or null or "auto", got 0`,
    `config: stall.warnAfter: expected a time from 1ms to 24h ${time}, got null`,
    'config: connections.max: expected a positive integer or "auto", got 1.5',
    `config: connections.keepAlive: expected a time from 1s to 9h ${time}, got "10ms"`,
    'config: audit.to: expected "stdout" or the path of a file, got ""',
    'config: audit.sql: expected "full", "digest", or "none", got "some"',
    `config: audit.sqlBytes: expected a size up to 1MiB ${size}, got "2MiB"`,
    'config: audit.params: expected true or false, got "yes"',
    'config: audit.admitted: expected true or false, got "no"',
    'config: log.level: expected "trace", "debug", "info", "warn", "error", "fatal", or "silent", ' +
      'got "loud"',
    'config: admin.listen: expected "host:port", "[ipv6]:port" or {"host", "port"}, got "here:x"',
    'config: admin.tokenFile: expected the path of a file that holds the token, got ""',
    `config: shutdown.acceptFor: expected a time from 0ms to 1h ${time}, got "2h"`,
    `config: shutdown.timeout: expected a time from 1ms to 24h ${time}, got 0`,
    'config: workers: expected a number of processes from 1 to 64, got 0',
  ]);
  t.end();
});

t.test('coerces nothing into a number of rows', (t) => {
  for (const rows of ['5', '5B', true, false, 0, -1, 1.5, 2 ** 53, [], [5], {}, '']) {
    t.match(problems(t, withUpstream({ limits: { rows } })), [/limits\.rows: expected a positive integer/]);
  }
  for (const text of ['1e400', '9007199254740993', '-0']) {
    t.equal(problems(t, `{"upstream": "db", "limits": {"rows": ${text}}}`).length, 1, text);
  }
  t.end();
});

t.test('refuses error codes and SQLSTATEs that clients do not take from a server', (t) => {
  for (const code of [0, -1, 32_768, 65_535, 65_536, 2000, 2999, 5000, 5999, 3170.5, '3170', null]) {
    t.equal(problems(t, withUpstream({ onExceed: { error: { code } } })).length, 1, String(code));
  }
  for (const code of [1, 1999, 3000, 4999, 6000, 32_767]) {
    t.strictSame(problems(t, withUpstream({ onExceed: { error: { code } } })), [], String(code));
  }
  for (const sqlState of ['00000', 'HY00', 'HY0000', '', 3024, 'HY00\n']) {
    t.equal(problems(t, withUpstream({ onExceed: { error: { sqlState } } })).length, 1, String(sqlState));
  }
  t.end();
});

t.test('refuses an unknown key, and suggests the known one that is close', (t) => {
  const found = problems(t, withUpstream({
    limits: { row: 5 }, Mode: 'audit', sqlBytes: 1, colour: 'red', onExceed: { error: { sqlstate: 'HY000' } },
  }));
  t.strictSame(found, [
    'config: Mode: unknown key, did you mean mode?',
    'config: sqlBytes: unknown key, did you mean audit.sqlBytes?',
    'config: colour: unknown key, known here: ' +
      'listen, upstream, mode, limits, warn, onExceed, hints, streaming, rules, drain, kill, budget, ' +
      'stall, onUnparsed, compression, connections, audit, telemetry, log, admin, shutdown, workers',
    'config: limits.row: unknown key, did you mean limits.rows?',
    'config: onExceed.error.sqlstate: unknown key, did you mean onExceed.error.sqlState?',
  ]);
  t.end();
});

t.test('refuses unknown keys with names that every object has', (t) => {
  for (const key of ['__proto__', 'constructor', 'toString']) {
    const found = problems(t, `{"upstream": "db", "${key}": {"mode": "audit"}}`);
    t.match(found, [new RegExp(`^config: ${key}: unknown key`)]);
  }
  t.end();
});

t.test('quotes and shortens a key or value that would garble the message', (t) => {
  const found = problems(t, withUpstream({ 'a\u001b[2J\n': 1, mode: 'x'.repeat(1000) }));
  t.match(found[0], /^config: "a\\u001b\[2J\\n": unknown key/);
  t.match(found[1], /got "x{76}\.\.\.$/);
  t.end();
});

t.test('reports one clear error when there is no upstream', (t) => {
  t.strictSame(problems(t, {}), [
    'config: upstream: required: the MySQL or MariaDB server, such as "db.example.com:3306" ' +
      '(or give --upstream)',
  ]);
  t.strictSame(problems(t, { upstream: { port: 3306 } }), [
    'config: upstream.host: required: a host name or an IP address (or give path)',
  ]);
  t.end();
});

t.test('refuses an upstream that is the listening address', (t) => {
  const found = problems(t, { listen: 'LOCALHOST:3306', upstream: 'localhost' });
  t.match(found, [/^config: upstream: is the address/]);
  t.strictSame(problems(t, { listen: '127.0.0.1:3306', upstream: 'localhost' }), []);
  t.end();
});
