import t from 'tap';
import { GatheredReads } from '../../../src/relay/flow/gatheredReads.js';
import { changeWorld } from '../../support/changeWorld.js';
import { fakeTimers } from '../../support/fakeTimers.js';

const KIB = 1024;

t.test('delays the next read of a large response, and says until when', async (t) => {
  const over = new Promise<void>((resolve) => {
    const gathered = new GatheredReads(() => {
      t.notOk(gathered.isPausing);
      resolve();
    });
    t.ok(gathered.begin(16 * KIB, 256 * KIB, 100));
    t.ok(gathered.isPausing);
    t.notOk(gathered.begin(16 * KIB, 256 * KIB, 100), 'a pause is not made longer');
  });
  await over;
});

t.test('reads on at once when a pause would gain nothing, or would be noticed', (t) => {
  const gathered = new GatheredReads(() => t.fail('there is no pause'));
  t.notOk(gathered.begin(16 * KIB, 256 * KIB - 1, 100), 'in a response that may be small');
  t.notOk(gathered.begin(512 * KIB, 1000 * KIB, 100), 'after a large read');
  t.notOk(gathered.begin(16 * KIB, 1000 * KIB, 7), 'in a response of a few ms');
  t.end();
});

t.test('forgets a pause whose session ends', (t) => {
  const gathered = new GatheredReads(() => t.fail('the pause has been ended'));
  gathered.begin(16 * KIB, 256 * KIB, 100);
  gathered.end();
  t.notOk(gathered.isPausing);
  t.end();
});

t.test('pauses no more for a second once a pause has waited for the CPU', (t) => {
  const timers = fakeTimers(t);
  let nowMs = 1000;
  changeWorld(t, { nowMs: () => nowMs });
  const gathered = new GatheredReads(() => undefined);
  const pause = (tookMs: number): boolean => {
    const hasBegun = gathered.begin(16 * KIB, 256 * KIB, 100);
    nowMs += tookMs;
    timers.pass(4);
    return hasBegun;
  };
  t.ok(pause(7), 'a pause of 4 ms that took 7 ms');
  t.ok(pause(8), 'one that took twice as long as it should');
  t.notOk(pause(999), 'on a busy machine');
  t.notOk(pause(1), 'still within a second');
  t.ok(pause(4), 'afterwards');
  t.end();
});
