import t from 'tap';
import { Timeline } from '../../src/statistics/timeline.js';

t.test('counts cuts in the slot of their time, and forgets old slots', (t) => {
  const timeline = new Timeline(1000, 4);
  timeline.add('cut', 10_500);
  timeline.add('cut', 10_999);
  timeline.add('would-cut', 12_000);
  t.strictSame(timeline.slots(12_500), [
    { fromMs: 9000, cuts: 0, wouldCuts: 0 }, { fromMs: 10_000, cuts: 2, wouldCuts: 0 },
    { fromMs: 11_000, cuts: 0, wouldCuts: 0 }, { fromMs: 12_000, cuts: 0, wouldCuts: 1 },
  ]);
  t.strictSame(timeline.slots(14_000).map(({ cuts, wouldCuts }) => cuts + wouldCuts), [0, 1, 0, 0]);
  t.strictSame(timeline.slots(1e9).map(({ cuts, wouldCuts }) => cuts + wouldCuts), [0, 0, 0, 0]);
  t.end();
});

t.test('counts in the last slot when the clock goes back a little', (t) => {
  const timeline = new Timeline(1000, 4);
  timeline.add('cut', 20_000);
  timeline.add('cut', 18_000);
  t.strictSame(timeline.slots(18_500).map(({ cuts }) => cuts), [0, 0, 0, 2]);
  t.end();
});

t.test('shows the last slots up to now when the clock was wrong by more than all of them', (t) => {
  const timeline = new Timeline(1000, 4);
  timeline.add('cut', 1_000_000);
  timeline.add('cut', 1_001_000);
  timeline.add('cut', 20_500);
  timeline.add('cut', 22_000);
  t.strictSame(timeline.slots(22_000).map(({ fromMs, cuts }) => [fromMs, cuts]), [
    [19_000, 1], [20_000, 2], [21_000, 0], [22_000, 1],
  ]);
  t.end();
});
