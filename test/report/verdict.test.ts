import t from 'tap';
import type { Baseline } from '../../src/report/baseline.js';
import { FAIL_ON_KINDS } from '../../src/report/findingKind.js';
import { auditRecord } from '../support/auditRecords.js';
import { judge, refusal, sample } from './findings.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const times = (count: number, record: object): object[] => Array.from({ length: count }, () => record);

t.test('fails a policy on the kinds that it names, and on no others', (t) => {
  const actions = ['cut', 'truncate', 'close', 'would-cut', 'admit', 'warn', 'sample'];
  const broken = (kind: typeof FAIL_ON_KINDS[number]) => actions.filter((action) =>
    judge({ failOn: new Set([kind]) }, [auditRecord({ action })]).isBroken);
  t.strictSame(broken('cut'), ['cut', 'truncate', 'close']);
  for (const kind of ['would-cut', 'admit', 'warn'] as const) t.strictSame(broken(kind), [kind]);
  t.strictSame(broken('repeated'), []);
  const refusals = ['refuse', 'would-refuse'];
  for (const kind of FAIL_ON_KINDS) {
    const found = refusals.filter((action) => judge({ failOn: new Set([kind]) }, [refusal({ action })]).isBroken);
    t.strictSame(found, refusals.filter((action) => action === kind));
  }
  t.notOk(judge({}, [auditRecord({ action: 'cut' })]).isBroken, 'a policy without conditions is never broken');
  t.end();
});

t.test('a verdict names the gravest digest first, and among these the one with the largest result', (t) => {
  const { broken, tolerated, passed } = judge({ failOn: new Set(['cut', 'would-cut']) }, [
    auditRecord({ digest: 'small', bytes: 10 }), auditRecord({ digest: 'large', bytes: 10_000 }),
    auditRecord({ digest: 'cut', bytes: 1, action: 'cut' }), auditRecord({ digest: 'warned', action: 'warn' }),
    sample({ digest: 'fine' }), refusal({ digest: 'refused' }),
  ]);
  const digests = (all: typeof broken) => all.map(({ finding }) => finding.digest);
  t.strictSame(digests(broken), ['cut', 'large', 'small']);
  t.strictSame(digests(tolerated), ['refused', 'warned']);
  t.strictSame(digests(passed), ['fine']);
  t.end();
});

t.test('results beyond the maxima break a policy, unless they are read as streams or return changed rows', (t) => {
  const rows = { failOn: new Set(['max-rows'] as const), maxRows: 100 };
  t.notOk(judge(rows, [sample({ rows: 100 })]).isBroken);
  const { isBroken, broken } = judge(rows, [sample({ rows: 101 })]);
  t.ok(isBroken);
  t.strictSame(broken[0]?.found, ['1 result of more than 100 rows']);
  t.notOk(judge(rows, [sample({ rows: 101, class: 'streaming' })]).isBroken);
  const changed = { sql: 'DELETE FROM t RETURNING id', digestText: 'DELETE FROM `t` RETURNING `id`' };
  t.notOk(judge(rows, [sample({ rows: 101, ...changed })]).isBroken);
  const bytes = { failOn: new Set(['max-bytes'] as const), maxBytes: 1024 };
  t.notOk(judge(bytes, [sample({ bytes: 1024 })]).isBroken);
  t.strictSame(judge(bytes, [sample({ bytes: 1025 })]).broken[0]?.found, ['1 result of more than 1.0 KiB']);
  t.end();
});

t.test('a digest is repeated beyond the maximum of one trace, over its sessions', (t) => {
  const given = { failOn: new Set(['repeated'] as const), maxExecutions: 3 };
  const inTrace = (session: number) => sample({ traceId: TRACE, session, rows: 2 });
  t.notOk(judge(given, [inTrace(1), inTrace(1), inTrace(2)]).isBroken);
  const { broken } = judge(given, [inTrace(1), inTrace(1), inTrace(2), inTrace(3), inTrace(3)]);
  t.strictSame(broken[0]?.finding.repetition, { executions: 5, rows: 10, scope: `trace ${TRACE}` });
  t.strictSame(broken[0]?.found, [`repeated 5 times in trace ${TRACE}, 10 rows in all (at most 3 executions)`]);
  const others = ['1', '2', '3', '4'].map((digit) => sample({ traceId: TRACE.replace(/^0/, digit) }));
  t.notOk(judge(given, others).isBroken, 'each of four traces has it once');
  t.end();
});

t.test('a digest is repeated beyond the maximum of one transaction of one session', (t) => {
  const given = { failOn: new Set(['repeated'] as const), maxExecutions: 3 };
  const inTransaction = (transaction: number, other: object = {}) => sample({ transaction, ...other });
  t.notOk(judge(given, [1, 1, 1, 2, 2, 2].map((number) => inTransaction(number))).isBroken);
  t.notOk(judge(given, [7, 7, 8, 8].map((session) => inTransaction(1, { session }))).isBroken);
  const others = times(2, inTransaction(1, { client: '10.0.0.7:9' }));
  t.notOk(judge(given, [...times(2, inTransaction(1)), ...others]).isBroken);
  const { broken, unscoped } = judge(given, [...times(4, inTransaction(2)), ...times(5, sample())]);
  t.strictSame(broken[0]?.found,
    ['repeated 4 times in transaction 2 of session 7, 4 rows in all (at most 3 executions)']);
  t.equal(unscoped, 5, 'outside of traces and transactions nothing is repeated, and the verdict says so');
  t.end();
});

const known = (given: object): Baseline => {
  const entry = { digest: 'b266dab9faec510d', digestText: null, rows: 1000, bytes: 64_000, ...given };
  return new Map([[entry.digest, entry]]);
};

t.test('with a baseline a policy fails only on digests that are new, have grown, or whose entry has ended', (t) => {
  const failOn = new Set(['would-cut'] as const);
  const said = (baseline: Baseline, record: object) => {
    const { isBroken, broken, tolerated } = judge({ failOn, baseline }, [record]);
    return [isBroken, [...broken, ...tolerated][0]?.compared];
  };
  const [byRows, byBytes] = [{ rows: 2001 }, { bytes: 128_001 }];
  t.strictSame(said(known({}), auditRecord({ digest: 'new' })), [true, 'not in the baseline']);
  t.strictSame(said(known({}), auditRecord()), [false, 'known: in the baseline']);
  t.strictSame(said(known({}), auditRecord(byRows)),
    [true, 'grown to 2,001 rows from 1,000 in the baseline (more than 2 times)']);
  t.strictSame(said(known({}), auditRecord(byBytes)),
    [true, 'grown to 125.0 KiB from 62.5 KiB in the baseline (more than 2 times)']);
  t.strictSame(said(known({ until: '2026-11-20' }), auditRecord()), [false, 'known: in the baseline']);
  t.strictSame(said(known({ until: '2026-11-19' }), auditRecord()),
    [true, 'its entry in the baseline ended at 2026-11-20T00:00:00Z']);
  const small = judge({ failOn, baseline: known({}) }, [sample({ digest: 'new' })]);
  t.notOk(small.isBroken, 'a small new one is no failure');
  t.end();
});

t.test('a refusal is new unless its entry in the baseline was written from one', (t) => {
  for (const kind of ['refuse', 'would-refuse'] as const) {
    const records = [refusal({ action: kind })];
    for (const failOn of [new Set([kind]), new Set<never>()]) {
      t.equal(judge({ failOn, baseline: known({}) }, records).broken[0]?.compared,
        'in the baseline, but not as a refused statement');
      t.notOk(judge({ failOn, baseline: known({ refused: true }) }, records).isBroken);
    }
    t.notOk(judge({ failOn: new Set(['would-cut']), baseline: known({}) }, [auditRecord(), ...records]).isBroken,
      'a policy that does not ask about refusals');
  }
  t.end();
});

t.test('a cut that ended a result before its end is not known, whatever the baseline has', (t) => {
  const cut = (given: object) =>
    judge({ failOn: new Set(['cut']), baseline: known({}) }, [auditRecord({ action: 'cut', ...given })]);
  t.equal(cut({ outcome: 'killed' }).broken[0]?.compared,
    'in the baseline, but cut before its end: its whole size is not known');
  t.equal(cut({ outcome: 'drained' }).tolerated[0]?.compared, 'known: in the baseline');
  const left = [auditRecord({ action: 'cut', outcome: 'drained' }), sample({ complete: false })];
  t.notOk(judge({ failOn: new Set(['cut']), baseline: known({}) }, left).isBroken, 'only the cut result counts');
  t.end();
});

t.test('a policy of nothing but a baseline fails on any result that is new or has grown', (t) => {
  const baseline = known({ rows: 0, bytes: 0 });
  t.notOk(judge({ baseline }, [sample({ rows: 2, bytes: 2048 })]).isBroken, 'an empty result counts as 1 row, 1 KiB');
  t.ok(judge({ baseline }, [sample({ rows: 3 })]).isBroken);
  t.ok(judge({ baseline }, [sample({ digest: 'new' })]).isBroken);
  t.end();
});

t.test('a known repetition fails once it has grown beyond its executions in the baseline', (t) => {
  const given = { failOn: new Set(['repeated'] as const), maxExecutions: 3 };
  const repeated = (count: number) => times(count, sample({ transaction: 1 }));
  const baseline = known({ executions: 10 });
  t.notOk(judge({ ...given, baseline }, repeated(20)).isBroken);
  t.match(judge({ ...given, baseline }, repeated(21)).broken[0]?.compared,
    /^grown to 21 executions from 10 in the baseline/);
  t.ok(judge({ ...given, baseline: known({}) }, repeated(4)).isBroken, 'an entry without executions knows of one');
  t.end();
});

t.test('digests beyond those that are kept break a policy, too, and a verdict counts their results', (t) => {
  const many = Array.from({ length: 2000 }, (_, index) => auditRecord({ digest: `d${index}`, action: 'warn' }));
  const samples = Array.from({ length: 3001 }, (_, index) => sample({ digest: `s${index}` }));
  const failOn = new Set(['would-cut'] as const);
  const kept = judge({ failOn }, [...samples, ...many, auditRecord({ digest: 'late', action: 'warn' })]);
  t.match(kept, { isBroken: false, leftOut: { executions: 2, broken: 0 }, executions: 5002 });
  t.equal(kept.passed.length, 3000);
  t.equal(kept.tolerated.length, 2000);
  const late = judge({ failOn }, [...many, auditRecord({ digest: 'late' })]);
  t.match(late, { isBroken: true, broken: [], leftOut: { executions: 1, broken: 1 } });
  t.end();
});

t.test('a finding has its tests, routes, users and rules, and the place of its gravest result in the code', (t) => {
  const tags = { route: '/orders', 'test.name': 'lists orders', source_location: '/home/ci/shop/app/a.rb:12' };
  const { broken } = judge({ failOn: new Set(['would-cut']) }, [
    sample({ tags: { source_location: 'b.rb:1' } }), auditRecord({ tags, rule: 'web' }),
    sample({ bytes: 1e9, tags: { source_location: 'c.rb:1', controller: 'orders', action: 'show' }, user: 'bi' }),
  ]);
  const { finding } = broken[0]!;
  const names = (of: 'tests' | 'routes' | 'users' | 'rules') => finding[of].heaviest().map(({ key }) => key).sort();
  t.strictSame(finding.position, { file: 'app/a.rb', line: 12 });
  t.strictSame(names('tests'), ['lists orders']);
  t.strictSame(names('routes'), ['/orders', 'orders#show']);
  t.strictSame(names('users'), ['app', 'bi']);
  t.strictSame(names('rules'), ['default', 'web']);
  t.match(finding, { rows: 2000, bytes: 1e9, executions: 3, example: { rows: 2000 } });
  t.end();
});
