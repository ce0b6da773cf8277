import t from 'tap';
import { History } from '../../src/telemetry/history.js';
import { changeWorld } from '../support/changeWorld.js';

t.test('keeps the last 1,000 events, and says how many a client has missed', (t) => {
  changeWorld(t, { dateMs: () => 5000 });
  const history = new History();
  for (let number = 0; number < 1500; number += 1) history.note('reload', { number });
  const kept = history.after(0);
  t.equal(kept.length, 1000);
  t.match([kept[0], kept.at(-1)], [{ id: 5500, number: 500 }, { id: 6499, number: 1499 }]);
  t.equal(history.missedAfter(5000), 499);
  t.equal(history.missedAfter(6000), 0);
  t.equal(history.missedAfter(0), 0, 'a number of an earlier start');
  t.end();
});

t.test('keeps of a record its main fields, cut to a bounded length, and ignores samples', (t) => {
  const history = new History();
  const text = 'x'.repeat(100_000);
  history.recorded({ event: 'result', action: 'sample', session: 1 });
  history.recorded({ event: 'result', action: 'would-cut', session: 2, digestText: text, sql: text, params: [text] });
  history.recorded({ event: 'stall', action: 'warn', session: 3 });
  t.match(history.after(0), [{ kind: 'would-cut', session: 2 }, { kind: 'stall', session: 3 }]);
  t.ok(JSON.stringify(history.after(0)).length < 1000);
  t.end();
});

t.test('knows that a server is lost until it is found, whatever else has happened there', (t) => {
  const history = new History();
  const upstream = 'db.example.com:3306';
  history.note('server-lost', { upstream });
  for (let number = 0; number < 1500; number += 1) history.recorded({ event: 'result', action: 'cut', upstream });
  t.ok(history.isLost(upstream));
  history.note('server-found', { upstream });
  t.notOk(history.isLost(upstream));
  history.note('server-lost', { upstream });
  history.retain([upstream]);
  t.ok(history.isLost(upstream));
  history.retain(['other.example.com:3306']);
  t.notOk(history.isLost(upstream), 'it left the configuration');
  t.end();
});

t.test('tells listeners of each event until they stop', (t) => {
  const history = new History();
  const told: string[] = [];
  const stop = history.listen(({ kind }) => told.push(kind));
  history.note('reload', {});
  stop();
  history.note('expiry', {});
  t.strictSame(told, ['reload']);
  t.end();
});
