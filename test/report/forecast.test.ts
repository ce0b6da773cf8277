import t from 'tap';
import type { Limits } from '../../src/config/config.js';
import { Coverage } from '../../src/report/coverage.js';
import { exemptingRule, Exemptions } from '../../src/report/exemptions.js';
import { Forecast, prospectOf } from '../../src/report/forecast.js';
import { LimitSearch } from '../../src/report/limitSearch.js';
import { readFields, type ResultRecord } from '../../src/report/reading.js';
import { auditRecord } from '../support/auditRecords.js';
import { Random } from '../support/random.js';

const record = (given: object): ResultRecord => {
  const reading = readFields(auditRecord(given));
  if (reading.kind !== 'result') throw new Error(`it is ${reading.kind}`);
  return reading.record;
};
const NOBODY = new Exemptions([]);
const LIMITS: Limits = { rows: 100, bytes: 10_000 };
const prospect = (given: object, exemptions = NOBODY) =>
  prospectOf(record({ rows: 1, bytes: 1, ...given }), LIMITS, exemptions);

t.test('cuts a result with more rows or more bytes than its limit', (t) => {
  t.equal(prospect({ rows: 100, bytes: 10_000 }), 'pass');
  t.equal(prospect({ rows: 101 }), 'cut');
  t.equal(prospect({ bytes: 10_001 }), 'cut');
  t.end();
});

t.test('does not cut a stream, a change of data or an exempt result', (t) => {
  t.equal(prospect({ rows: 500, class: 'streaming' }), 'streamed');
  t.equal(prospect({ rows: 500, sql: 'INSERT INTO t SELECT * FROM s RETURNING id' }), 'changes-data');
  t.equal(prospect({ rows: 500, sql: null, digestText: 'DELETE FROM `t` RETURNING `id`' }), 'changes-data');
  const exemptions = new Exemptions([
    exemptingRule({ user: 'report_*', program: 'cron' }, 1), exemptingRule({ client: '10.1.0.0/16' }, 2),
    exemptingRule({ digest: 'feed*' }, 3),
  ]);
  t.equal(prospect({ rows: 500, user: 'report_a', program: 'cron' }, exemptions), 'exempt');
  t.equal(prospect({ rows: 500, user: 'report_a', program: 'shell' }, exemptions), 'cut');
  t.equal(prospect({ rows: 500, client: '10.1.2.3:5' }, exemptions), 'exempt');
  t.equal(prospect({ rows: 500, digest: 'feedfeedfeedfeed' }, exemptions), 'exempt');
  t.end();
});

t.test('counts results with those that a sample stands for, and the users that would be cut', (t) => {
  const forecast = new Forecast(LIMITS, NOBODY, 10, 'digest');
  forecast.add(record({ rows: 500, user: 'bi' }));
  forecast.add(record({ rows: 600, user: 'app', digest: 'other' }));
  forecast.add(record({ rows: 700, user: 'app' }));
  forecast.add(record({ rows: 5, bytes: 5, action: 'sample', standsFor: 97 }));
  forecast.add(record({ rows: 5, bytes: 5, complete: false }));
  t.match(forecast.counts, { cut: 3, pass: 98 });
  t.equal(forecast.limited, 101);
  t.equal(forecast.cutRate, 3 / 101);
  t.equal(forecast.uncertain, 1, 'that one may have been larger');
  const [first] = forecast.groups.heaviest();
  t.match(first, { key: 'b266dab9faec510d', value: { cuts: 2 } });
  t.strictSame(first?.value.profile.users.heaviest().map(({ key }) => key), ['app', 'bi']);
  t.end();
});

t.test('finds a limit that cuts no more than wanted, and one step lower cuts more', (t) => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const random = new Random(seed);
    const records = Array.from({ length: 800 }, () =>
      record({ rows: Math.floor(10 ** (random.fraction() * 6)), bytes: Math.floor(10 ** (random.fraction() * 8)) }));
    for (const by of ['rows', 'bytes'] as const) {
      const search = new LimitSearch(by, { rows: Infinity, bytes: Infinity }, NOBODY);
      for (const one of records) search.add(one);
      for (const rate of [0, 0.01, 0.1, 0.5]) {
        const limit = search.find(rate)!;
        const rateOf = (amount: number) => records.filter((one) => one[by] > amount).length / records.length;
        if (rateOf(limit) > rate) t.fail(`${by} ${limit} cuts ${rateOf(limit)}, not ${rate}`);
        if (limit > 10 && rateOf(limit * 0.75) <= rate) t.fail(`${by} ${limit * 0.75} would have done for ${rate}`);
      }
    }
  }
  t.end();
});

t.test('counts the cuts of the other limit, and finds no limit when those alone are too many', (t) => {
  const search = new LimitSearch('rows', { rows: 5, bytes: 1000 }, NOBODY);
  for (const [rows, bytes] of [[10, 10], [20, 20], [5, 5000], [400, 40]]) search.add(record({ rows, bytes }));
  t.equal(search.leastRate, 0.25);
  t.equal(search.find(0.2), null);
  const limit = search.find(0.5)!;
  t.ok(limit >= 20 && limit < 400, String(limit));
  t.end();
});

t.test('says that limits are below the recorded ones, unless samples were drawn', (t) => {
  const coverage = new Coverage();
  coverage.add(record({ reason: 'rows', limit: { rows: 1000, bytes: 5000 } }));
  coverage.add(record({ reason: 'rows', limit: { rows: 50, bytes: null }, action: 'sample' }));
  coverage.add(record({ reason: 'budget', limit: { rows: null, bytes: 10 } }));
  t.strictSame(coverage.blindFor({ rows: 49, bytes: 5000 }), ['rows']);
  t.strictSame(coverage.blindFor({ rows: 50, bytes: 4999 }), ['bytes']);
  t.notOk(coverage.isEstimate);
  coverage.add(record({ reason: 'chance', action: 'sample', standsFor: 100 }));
  t.ok(coverage.isEstimate);
  t.strictSame(coverage.blindFor({ rows: 1, bytes: 1 }), []);
  t.end();
});
