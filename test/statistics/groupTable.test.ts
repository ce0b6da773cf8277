import t from 'tap';
import { GroupTable } from '../../src/statistics/groupTable.js';
import { parseGrouping, type Grouping } from '../../src/statistics/grouping.js';
import { type Execution, ORDERS } from '../../src/statistics/execution.js';
import { execution } from './executions.js';

t.test('counts executions for each digest', (t) => {
  const table = new GroupTable('bytes', 10);
  table.add(execution({ rows: 3, bytes: 30, durationMs: 5 }));
  table.add(execution({ rows: 1, bytes: 10, firstRowMs: null, fate: 'cut', isLowerBound: true, user: 'bi' }));
  table.add(execution({ digest: 'b', bytes: 7, fate: 'would-cut' }));
  const [first, second] = table.ranking();
  t.match([first?.key, second?.key], ['a', 'b']);
  t.match(first?.profile, {
    executions: 2, cuts: 1, lowerBounds: 1, rows: { count: 2, sum: 4, min: 1, max: 3, mean: 2 }, bytes: { sum: 40 },
    firstRowMs: { count: 1 },
    durationMs: { sum: 7, min: 2, max: 5 },
  });
  t.match(first?.profile.users.heaviest().map(({ key }) => key), ['app', 'bi']);
  t.end();
});

t.test('the example of a digest is its largest result', (t) => {
  const table = new GroupTable('bytes', 10);
  for (const bytes of [5, 50, 20]) table.add(execution({ bytes, sql: `SELECT ${bytes}` }));
  t.match(table.ranking()[0]?.profile.example, { sql: 'SELECT 50', bytes: 50 });
  t.end();
});

t.test('each order puts the largest first', (t) => {
  const digests: readonly Partial<Execution>[] = [
    { digest: 'bytes', bytes: 400 }, { digest: 'bytes', bytes: 400 }, { digest: 'rows', rows: 1000 },
    { digest: 'max-bytes', bytes: 500 }, { digest: 'stall', stallMs: 90 }, { digest: 'cuts', fate: 'would-cut' },
    { digest: 'refusals', fate: 'refused' },
  ];
  for (const order of ORDERS) {
    const table = new GroupTable(order, 10);
    for (const one of digests) table.add(execution(one));
    t.equal(table.ranking()[0]?.key, order);
  }
  t.end();
});

t.test('counts refused statements apart from results', (t) => {
  const table = new GroupTable('bytes', 10);
  table.add(execution({ digest: 'a', fate: 'refused', user: 'eve' }));
  t.match(table.ranking('max-bytes')[0], { key: 'a', amount: 0 }, 'it has no result');
  table.add(execution({ digest: 'a', rows: 3, bytes: 30 }));
  table.add(execution({ digest: 'a', fate: 'would-refuse' }));
  const [{ profile } = { profile: null }] = table.ranking();
  t.match(profile, { executions: 1, refusals: 1, wouldRefuses: 1, sent: 3, rows: { count: 1, min: 3 } });
  t.equal(profile?.users.size, 2, 'but who sent them counts');
  t.end();
});

t.test('says how much may be missing when the table is full', (t) => {
  const table = new GroupTable('bytes', 2);
  for (const digest of ['a', 'a', 'b', 'c']) table.add(execution({ digest }));
  t.ok(table.hasForgotten);
  const late = table.ranking().find(({ key }) => key === 'c');
  t.match(late, { amount: 10, missed: 10 });
  t.equal(table.mostMissed, 20);
  t.end();
});

t.test('groups executions by another property, with the digests of each group', (t) => {
  const tags = (route: string) => new Map([['route', route]]);
  const executions = [
    execution({ user: 'bi', bytes: 50, tags: tags('/a'), affectedRows: 2 }), execution({ bytes: 30, tags: tags('/b') }),
    execution({ digest: 'b', digestText: 'SELECT b', bytes: 40, tags: tags('/b') }), execution({ bytes: 5 }),
  ];
  const ranked = (grouping: Grouping): string[] => {
    const table = new GroupTable('bytes', 10, grouping);
    for (const one of executions) table.add(one);
    return table.ranking().map(({ key, profile: { bytes, digests } }) =>
      `${key}: ${bytes.sum} ${digests?.heaviest().map((found) => `${found.key} ${found.value.text}`).join()}`);
  };
  t.strictSame(ranked('tag:route'), ['/b: 70 a SELECT ?,b SELECT b', '/a: 50 a SELECT ?', ': 5 a SELECT ?']);
  t.strictSame(ranked('user'), ['app: 75 a SELECT ?,b SELECT b', 'bi: 50 a SELECT ?']);
  t.strictSame(ranked('digest'), ['a: 85 undefined', 'b: 40 undefined'], 'a digest has but itself');
  const table = new GroupTable('bytes', 10);
  for (const one of executions) table.add(one);
  const [first] = table.ranking();
  t.strictSame(first?.profile.routes.heaviest().map(({ key }) => key).sort(), ['/a', '/b']);
  t.match(first?.profile, { requestBytes: 60, affectedRows: 2 });
  t.end();
});

t.test('reads what to group by', (t) => {
  t.strictSame(['digest', 'client', 'tag:a:b'].map(parseGrouping), ['digest', 'client', 'tag:a:b']);
  t.strictSame(['', 'tag:', 'rows', 'tags', 'Digest'].map(parseGrouping), [null, null, null, null, null]);
  t.end();
});
