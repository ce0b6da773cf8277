import t from 'tap';
import { shareOf } from '../../src/workers/workerSet.js';
import { load, withUpstream } from '../config/configFile.js';

t.test('divides audit.sample.perSecond among the workers without a rest', (t) => {
  for (const [perSecond, workers] of [[100, 3], [7, 7], [64, 5]] as const) {
    const config = load(t, withUpstream({ workers, audit: { sample: { perSecond } } }));
    const shares = Array.from(
      { length: workers }, (_, index) => shareOf(config, index + 1, workers).audit.sample.perSecond,
    );
    t.equal(shares.reduce((sum, share) => sum + share), perSecond);
    t.ok(Math.max(...shares) - Math.min(...shares) <= 1);
  }
  t.end();
});

t.test('refuses a perSecond that is less than the number of workers', (t) => {
  const settings = { workers: 4, audit: { sample: { perSecond: 3 } } };
  t.throws(
    () => load(t, withUpstream(settings)),
    { message: /^config: audit\.sample\.perSecond: is divided among the workers: give at least 4/ },
  );
  t.end();
});
