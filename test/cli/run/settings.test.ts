import t, { type Test } from 'tap';
import { runConfigFrom } from '../../../src/cli/run/settings.js';
import { RECORDED_TAGS } from '../../../src/config/tags.js';

const NEEDS = { demo: null, allResults: false };

function fileWith(t: Test, settings: object): { config: string } {
  return { config: `${t.testdir({ 'sluice.json': JSON.stringify(settings) })}/sluice.json` };
}

t.test('a command gets a proxy in audit mode on a free port, whatever the configuration says', (t) => {
  const flags = fileWith(t, {
    upstream: 'db', listen: ['0.0.0.0:3307', '/run/sluice.sock'], admin: '127.0.0.1:9307', workers: 4, limits: { rows: 5 },
  });
  const variables = { SLUICE_LISTEN: '0.0.0.0:3308', SLUICE_ADMIN: '127.0.0.1:9308' };
  const { config, notices } = runConfigFrom(flags, variables, NEEDS);
  t.match(config, {
    listen: [{ at: { host: '127.0.0.1', port: 0 } }], admin: null, workers: 1, mode: 'audit', limits: { rows: 5 },
    upstream: [{ at: { host: 'db', port: 3306 } }], log: { level: 'warn' }, shutdown: { timeoutMs: 5000 },
  });
  t.strictSame(config.audit.tags.slice(0, RECORDED_TAGS.length), RECORDED_TAGS);
  t.ok(config.audit.tags.includes('test'));
  t.strictSame(notices, []);
  t.end();
});

t.test('the file, variables and flags override the defaults of a command', (t) => {
  const flags = fileWith(t, {
    upstream: 'db', mode: 'enforce', log: { level: 'debug' }, shutdown: { timeout: '1s' }, audit: { tags: ['route'] },
  });
  t.match(runConfigFrom(flags, {}, NEEDS).config, {
    mode: 'enforce', log: { level: 'debug' }, shutdown: { timeoutMs: 1000 }, audit: { tags: ['route'] },
  });
  t.match(runConfigFrom({ upstream: 'db' }, { SLUICE_MODE: 'enforce' }, NEEDS).config, { mode: 'enforce' });
  const listen = { ...fileWith(t, { upstream: 'db', listen: { host: 'h', tls: { mode: 'off' } } }), listen: '[::1]:0' };
  t.match(runConfigFrom(listen, {}, NEEDS).config, {
    listen: [{ at: { host: '::1', port: 0 }, tls: { mode: 'off' } }],
  });
  t.end();
});

t.test('the embedded server takes the place of all configured ones', (t) => {
  const flags = fileWith(t, { upstream: [{ host: 'db', tls: { mode: 'required' } }, 'replica'] });
  const { config } = runConfigFrom(flags, { SLUICE_UPSTREAM: 'other' }, { ...NEEDS, demo: { host: '127.0.0.1', port: 7 } });
  t.equal(config.upstream.length, 1);
  t.match(config.upstream, [{ at: { host: '127.0.0.1', port: 7 }, tls: { mode: 'preferred' } }]);
  t.end();
});

t.test('records each result when executions are counted', (t) => {
  const { config } = runConfigFrom(
    fileWith(t, { upstream: 'db', audit: { to: 'x.json', sample: { rows: 5 } } }), {}, { ...NEEDS, allResults: true },
  );
  t.match(config.audit.sample, { oneIn: 1, perSecond: Number.MAX_SAFE_INTEGER });
  t.match(config.audit.to, /x\.json$/);
  t.end();
});

t.test('reports mistakes in the configuration, except in settings that a command does not use', (t) => {
  t.throws(() => runConfigFrom({}, {}, NEEDS), { message: /^config: upstream: required/ });
  t.throws(() => runConfigFrom(fileWith(t, { upstream: 'db', log: 5, audit: 'x' }), {}, NEEDS), {
    message: /^config: audit: .*\nconfig: log: /,
  });
  t.doesNotThrow(() => runConfigFrom(fileWith(t, { upstream: 'db', admin: 5, listen: 5 }), {}, NEEDS));
  t.end();
});
