import t from 'tap';
import { LookAllowance } from '../../../src/relay/pace/lookAllowance.js';
import { changeWorld } from '../../support/changeWorld.js';

t.test('looks of any cost take at most 2 % of a core over time, after an initial burst', (t) => {
  for (const costMs of [0.5, 2, 20]) {
    let nowMs = 0;
    let spentMs = 0;
    changeWorld(t, { nowMs: () => nowMs });
    const allowance = new LookAllowance();
    while (nowMs < 60_000) {
      nowMs += allowance.waitMs + 1;
      allowance.spend(costMs);
      spentMs += costMs;
    }
    t.ok(spentMs <= 0.02 * nowMs + 40 + costMs, `${spentMs} ms at ${costMs} ms each`);
    t.ok(spentMs >= 0.01 * nowMs, 'and nearly all of that may be used');
  }
  t.end();
});

t.test('the interval between looks grows with their cost', (t) => {
  changeWorld(t, { nowMs: () => 0 });
  const allowance = new LookAllowance();
  allowance.spend(1);
  t.equal(allowance.intervalMs, 50);
  for (let look = 0; look < 20; look += 1) allowance.spend(20);
  t.equal(Math.round(allowance.intervalMs / 10), 100);
  t.end();
});

t.test('spreads the cost of one expensive look over the next ones', (t) => {
  let nowMs = 0;
  changeWorld(t, { nowMs: () => nowMs });
  const allowance = new LookAllowance();
  const waits: number[] = [];
  for (let look = 1; look <= 60; look += 1) {
    allowance.spend(look === 30 ? 32 : 2);
    waits.push(allowance.waitMs);
    nowMs += allowance.waitMs;
  }
  t.ok(Math.max(...waits) < 500, `${Math.max(...waits)} ms`);
  t.ok(nowMs >= (60 * 2 + 30 - 40 - 1) / 0.02, 'and it is paid for');
  t.end();
});
