import t from 'tap';
import { GatheredReads } from '../../../src/relay/flow/gatheredReads.js';

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
