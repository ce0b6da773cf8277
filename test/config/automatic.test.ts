import t, { type Test } from 'tap';
import { ConfigError, loadWithNotices, printConfig, type LoadedConfig } from '../../src/config/load.js';
import { treeOfV2 } from '../support/cgroups.js';
import { configFile } from './configFile.js';

const MIB = 2 ** 20;

const load = (t: Test, file: object, environment: NodeJS.ProcessEnv, root: string): LoadedConfig =>
  loadWithNotices({ config: configFile(t, { upstream: 'db', ...file }) }, environment, (json) => json, root);

/** What "auto" gives in a container with this limit. */
const maxWith = (t: Test, limit: number | string, workers = 1): number => {
  const root = treeOfV2(t, '/', { '/': { limit, used: MIB } });
  return load(t, { connections: { max: 'auto' }, workers }, {}, root).config.connections.max;
};

t.test('connections.max "auto" follows from the memory limit of the container', (t) => {
  t.equal(maxWith(t, 256 * MIB), 1331);
  t.equal(maxWith(t, 256 * MIB, 2), 307, 'each worker and the primary take their part');
  t.equal(maxWith(t, 64 * MIB), 10, 'and never less');
  t.equal(maxWith(t, 2 ** 40), 10_000, 'and never more');
  t.equal(maxWith(t, 'max'), 10_000);
  t.end();
});

t.test('says which figure "auto" stands for, and prints it', (t) => {
  const root = treeOfV2(t, '/', { '/': { limit: 256 * MIB, used: MIB } });
  const file = { connections: { max: 'auto' }, budget: { bytes: 'auto' } };
  const { config, figures } = load(t, file, { SLUICE_APPLICATION_MEMORY: String(512 * MIB) }, root);
  t.strictSame(figures, [
    'connections.max: "auto" is 1331, as the container of Sluice may use 256MiB of memory',
    'budget.bytes: "auto" is 128MiB, a quarter of SLUICE_APPLICATION_MEMORY, which is 512MiB',
  ]);
  t.match(JSON.parse(printConfig(config)), { connections: { max: 1331 }, budget: { bytes: '128MiB' } });
  t.strictSame(load(t, { connections: { max: 'auto' } }, {}, '/not/there').figures, [
    'connections.max: "auto" is 10000, as the container of Sluice has no memory limit',
  ]);
  t.strictSame(load(t, file, { SLUICE_APPLICATION_MEMORY: '536870912' }, root).notices, []);
  t.end();
});

t.test('warns of a memory limit of the application that no setting uses', (t) => {
  for (const file of [{}, { budget: { bytes: '1MiB' } }, { budget: { bytes: null } }]) {
    const { figures, notices } = load(t, file, { SLUICE_APPLICATION_MEMORY: '536870912' }, '/not/there');
    t.strictSame([figures, notices], [[], [
      'SLUICE_APPLICATION_MEMORY: is not used, because budget.bytes is not "auto"; unset it, or give ' +
        '"budget": { "bytes": "auto" }',
    ]]);
    t.strictSame(load(t, file, { SLUICE_APPLICATION_MEMORY: '' }, '/not/there').notices, []);
  }
  t.end();
});

t.test('refuses budget.bytes "auto" without the memory limit of the application', (t) => {
  const wanted = 'config: budget.bytes: "auto" needs the memory limit of the application\'s container in the variable ' +
    'SLUICE_APPLICATION_MEMORY, as a number of bytes such as 536870912, and it ';
  for (const [text, found] of [
    [undefined, 'is not set'], ['', 'is not set'], ['512Mi', 'is "512Mi"'], ['0', 'is "0"'], ['-1', 'is "-1"'],
  ]) {
    const environment = { SLUICE_APPLICATION_MEMORY: text };
    const file = { budget: { bytes: 'auto' }, onExceed: { action: 'hold' } };
    t.throws(() => load(t, file, environment, '/'), new ConfigError([`${wanted}${found}`]));
  }
  t.end();
});

t.test('refuses "auto" for a setting that does not support it', (t) => {
  for (const file of [{ limits: { bytes: 'auto' } }, { connections: { connectTimeout: 'auto' } }]) {
    t.throws(() => load(t, file, {}, '/'), ConfigError);
  }
  const expected = 'config: connections.max: expected a positive integer or "auto", got "automatic"';
  t.throws(() => load(t, { connections: { max: 'automatic' } }, {}, '/'), new ConfigError([expected]));
  t.end();
});
