import { existsSync } from 'node:fs';
import t from 'tap';
import { MemoryCgroup } from '../../src/config/cgroup.js';
import { treeOfV1, treeOfV2 } from '../support/cgroups.js';

/** The limit of a group without one, in version 1. */
const NO_LIMIT = '9223372036854771712';

t.test('reads the limits of version 2 from the process\'s group upwards, and takes the lowest', (t) => {
  const cgroup = new MemoryCgroup(treeOfV2(t, '/pods/pod/sluice', {
    '/pods/pod/sluice': { limit: 700, used: 300, inactive: 40 },
    '/pods/pod': { limit: 500, used: 400, inactive: 50 },
    '/pods': { limit: 'max', used: 1000 },
    '/other': { limit: 1, used: 1 },
  }));
  t.strictSame(cgroup.read(), [{ limitBytes: 700, usedBytes: 260 }, { limitBytes: 500, usedBytes: 350 }]);
  t.equal(cgroup.limitBytes, 500);
  t.strictSame(cgroup.tightest, { limitBytes: 500, usedBytes: 350 }, 'it is the nearest to its limit');
  t.end();
});

t.test('reads the limits of version 1, also where version 2 is mounted beside it', (t) => {
  const cgroup = new MemoryCgroup(treeOfV1(t, '/docker/one', '/', {
    '/docker/one': { limit: 700, used: 300, inactive: 40 },
    '/docker': { limit: NO_LIMIT, used: 900 },
    '/': { limit: NO_LIMIT, used: 900 },
  }));
  t.strictSame(cgroup.read(), [{ limitBytes: 700, usedBytes: 260 }]);
  t.end();
});

t.test('finds the process\'s group when only that is mounted, as in a container', (t) => {
  for (const [own, seen] of [['/docker/one', '/docker/one'], ['/', '/'], ['/../..', '/'], ['/host/x', '/docker/one']]) {
    const cgroup = new MemoryCgroup(treeOfV1(t, own!, seen!, { '/': { limit: 700, used: 300 } }));
    t.equal(cgroup.limitBytes, 700, `${own} at ${seen}`);
  }
  t.end();
});

t.test('finds no limit when there is none, or no control group', (t) => {
  for (const root of [
    treeOfV2(t, '/pod', { '/pod': { limit: 'max', used: 1 } }),
    treeOfV1(t, '/', '/', { '/': { limit: NO_LIMIT, used: 1 } }),
    treeOfV2(t, '/pod', {}),
    '/not/there',
  ]) t.strictSame([new MemoryCgroup(root).limitBytes, new MemoryCgroup(root).tightest], [null, null]);
  t.end();
});

t.test('reads the groups of this machine', { skip: !existsSync('/proc/self/cgroup') && 'needs Linux' }, (t) => {
  for (const { limitBytes, usedBytes } of new MemoryCgroup().read()) {
    t.ok(limitBytes > 0 && usedBytes > 0 && usedBytes <= limitBytes);
  }
  t.end();
});
