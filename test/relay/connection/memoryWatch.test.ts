import t from 'tap';
import { MemoryCgroup } from '../../../src/config/cgroup.js';
import { MemoryWatch } from '../../../src/relay/connection/memoryWatch.js';
import { setMemory, treeOfV2 } from '../../support/cgroups.js';
import { changeWorld } from '../../support/changeWorld.js';

const LIMIT = 1000;

t.test('finds memory short above 90 % of the limit, and again enough below 85 %', (t) => {
  const root = treeOfV2(t, '/pod', { '/pod': { limit: LIMIT, used: 900 } });
  let nowMs = 0;
  changeWorld(t, { nowMs: () => nowMs });
  const watch = new MemoryWatch(new MemoryCgroup(root));
  const shortageWith = (used: number, inactive: number): number | null => {
    nowMs += 50;
    setMemory(root, '/pod', { limit: LIMIT, used, inactive });
    return watch.shortage?.usedBytes ?? null;
  };
  t.equal(shortageWith(900, 0), null);
  t.equal(shortageWith(990, 95), null, 'the file cache that can be taken back does not count');
  t.equal(shortageWith(990, 89), 901);
  t.equal(shortageWith(860, 0), 860, 'it is still short');
  t.equal(shortageWith(850, 0), null);
  t.equal(shortageWith(890, 0), null);
  t.end();
});

t.test('foresees what the next client finds, and changes nothing by that', (t) => {
  let usedBytes = 910;
  let nowMs = 0;
  changeWorld(t, { nowMs: () => nowMs });
  const watch = new MemoryWatch({ read: () => [{ limitBytes: LIMIT, usedBytes }] });
  const isShort = (used: number, who: 'page' | 'client'): boolean => {
    usedBytes = used;
    nowMs += 50;
    return (who === 'page' ? watch.foresee() : watch.shortage) !== null;
  };
  t.equal(isShort(910, 'page'), true);
  t.equal(isShort(870, 'page'), false, 'no client has found memory short');
  t.equal(isShort(870, 'client'), false);
  t.equal(isShort(910, 'client'), true);
  t.equal(isShort(870, 'page'), true, 'the next client is turned away as well');
  t.equal(isShort(840, 'page'), false);
  t.equal(isShort(870, 'client'), true, 'no client has found it enough again');
  t.end();
});

t.test('looks at most once in 50 ms, however many clients come', (t) => {
  let [nowMs, looks] = [0, 0];
  const read = (): [] => {
    looks += 1;
    return [];
  };
  changeWorld(t, { nowMs: () => nowMs });
  const watch = new MemoryWatch({ read });
  for (const [atMs, expected] of [[0, 1], [0, 1], [49, 1], [50, 2], [60, 2]] as const) {
    nowMs = atMs;
    t.equal(watch.shortage, null);
    t.equal(looks, expected, `at ${atMs} ms`);
  }
  t.end();
});
