import t from 'tap';
import { LiveStatistics } from '../../src/telemetry/liveStatistics.js';
import type { StatisticsOverview } from '../../src/telemetry/statisticsSource.js';
import type { Grouping } from '../../src/statistics/grouping.js';
import type { RankedGroup } from '../../src/statistics/groupTable.js';
import { largestGroups, withProfiles } from '../../src/statistics/merge.js';
import { Command } from '../../src/protocol/commands.js';
import type { PendingCommand } from '../../src/conversation/command.js';
import { govern, settings, statementCommand } from '../support/governed.js';
import { liveBytes } from '../support/heap.js';

const ORIGIN = { user: 'app', schema: 'shop', client: '10.0.0.7:51234', program: null, connectionId: 1, session: 1, upstream: 'db:3306' };
const TIMES = { atMs: 30, stallMs: 4 };

const play = (audit: object = {}) => {
  const config = settings(t, { audit });
  const statistics = new LiveStatistics(() => config.audit);
  const end = (asked: string | PendingCommand, given: object) => {
    const { usage } = govern(t, {}, asked);
    Object.assign(usage, { resultSets: 1, ...given });
    statistics.add(usage, ORIGIN, TIMES, true);
  };
  return { statistics, end };
};

const overviewOf = (statistics: LiveStatistics, grouping: Grouping = 'digest', nowMs = 0): StatisticsOverview =>
  statistics.overview({ order: 'bytes', grouping }, nowMs);

/** The groups by a property, as the live page ranks them; null if there are no statistics by it. */
const ranking = (statistics: LiveStatistics, grouping: Grouping = 'digest', nowMs = 0): RankedGroup[] | null => {
  const { digests, group } = overviewOf(statistics, grouping, nowMs);
  const index = grouping === 'digest' ? digests : group?.index;
  if (index === undefined) return null;
  const largest = largestGroups([index], 'bytes', index.groups.length);
  const profiles = statistics.profiles(grouping, largest.groups.map(({ key }) => key), nowMs);
  return withProfiles(largest, [profiles], grouping !== 'digest');
};

t.test('counts each execution for its digest, and buffered results for what a limit would do', (t) => {
  const { statistics, end } = play();
  const cut = { action: 'cut', reason: 'rows', rule: 'default', limit: { rows: 10, bytes: Infinity } };
  end('SELECT * FROM t WHERE a = 1', { rows: 7, bytes: 700, firstRowAtMs: 20, largestRowBytes: 100 });
  end('SELECT * FROM t WHERE a = 2', { rows: 20, bytes: 2000, judgement: cut });
  end('INSERT INTO t VALUES (1)', { resultSets: 0 });
  const [select, insert] = ranking(statistics, 'digest', Date.now())!;
  t.match(select?.profile, {
    executions: 2, cuts: 1, digestText: 'SELECT * FROM `t` WHERE `a` = ?', rows: { sum: 27, max: 20 },
    firstRowMs: { count: 1, max: 20 }, durationMs: { sum: 60 }, stallMs: { max: 4 }, largestRowBytes: { max: 100 },
    example: { sql: 'SELECT * FROM t WHERE a = 2' },
  });
  t.strictSame(select?.profile.clients.heaviest().map(({ key }) => key), ['10.0.0.7']);
  t.match(insert?.profile, {
    executions: 1, changes: 1, rows: { count: 0 }, bytes: { count: 0 }, durationMs: { count: 1 },
  });
  const { totals, rows, slots } = overviewOf(statistics, 'digest', Date.now());
  t.match(totals, { executions: 3, changes: 1 });
  t.equal(rows.counts.reduce((sum, count) => sum + count, 0), 2, 'what has no result is not limited');
  t.equal(slots.at(-1)?.cuts, 1);
  t.end();
});

t.test('shows no more of a statement than records may', (t) => {
  for (const [sql, text, example] of [
    ['full', 'SELECT ?', 'SELECT 1'], ['digest', 'SELECT ?', null], ['none', null, null],
  ] as const) {
    const { statistics, end } = play({ sql });
    end('SELECT 1', { rows: 1, bytes: 10 });
    const profile = ranking(statistics)?.[0]?.profile;
    t.strictSame([profile?.digestText, profile?.example?.sql], [text, example], sql);
  }
  t.end();
});

t.test('keeps no more of 500 long statements than an example shows', async (t) => {
  const { statistics, end } = play();
  const before = await liveBytes();
  for (let n = 0; n < 500; n += 1) {
    end(
      statementCommand(Command.QUERY, `SELECT column_${n} FROM t /* ${'x'.repeat(100_000)} */`), { rows: 1, bytes: 10 },
    );
    if (n % 100 === 99) t.equal(overviewOf(statistics).digests.groups.length, n + 1); // counts the waiting executions
  }
  t.ok(await liveBytes() - before < 15e6);
  t.equal(ranking(statistics)?.[0]?.profile.example?.sql?.length, 1000);
});

t.test('counts a prepared statement under its text, and as unknown when the text was dropped', (t) => {
  const { statistics, end } = play();
  end(statementCommand(Command.STMT_EXECUTE, 'SELECT * FROM t WHERE a = ?'), { rows: 2, bytes: 20 });
  end(statementCommand(Command.STMT_EXECUTE, null), { rows: 1, bytes: 10 });
  const [known, unknown] = ranking(statistics)!;
  t.match(known?.profile, { executions: 1, digestText: 'SELECT * FROM `t` WHERE `a` = ?' });
  t.match(unknown, { key: '', profile: { executions: 1, digestText: null, example: { sql: null } } });
  t.end();
});

t.test('counts waiting executions before it is read', (t) => {
  const { statistics, end } = play();
  for (let i = 1; i <= 300; i += 1) end(`SELECT ${i}`, { rows: i, bytes: 10 * i });
  t.match(overviewOf(statistics).totals, { executions: 300, rows: 45_150, bytes: 451_500 });
  t.match(
    ranking(statistics)?.[0]?.profile,
    { executions: 300, rows: { min: 1, max: 300 }, example: { sql: 'SELECT 300' } },
  );
  t.end();
});

t.test('keeps statistics by tags from the start, and by other properties from when they are asked for', (t) => {
  const { statistics, end } = play({ liveTags: ['route', 'job'] });
  const parent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  end(`SELECT 1 /*route='%2Fa',traceparent='${parent}'*/`, { rows: 1, bytes: 10 });
  end(`SELECT 1 /*route='%2Fb',x='y'*/`, { rows: 1, bytes: 30 });
  end('SELECT 1', { rows: 1, bytes: 99 });
  const keys = (grouping: Grouping) => ranking(statistics, grouping, 5)?.map(({ key }) => key);
  t.strictSame(keys('tag:route'), ['/b', '/a'], 'without those that have none');
  t.strictSame([keys('tag:job'), keys('tag:x'), keys('user')], [[], undefined, []]);
  end('SELECT 1', { rows: 1, bytes: 1 });
  t.strictSame(keys('user'), ['app']);
  t.equal(overviewOf(statistics, 'user', 9).group?.sinceMs, 5);
  t.strictSame(overviewOf(statistics).groupings,
    ['digest', 'user', 'schema', 'program', 'client', 'tag:route', 'tag:job']);
  const [only] = ranking(statistics)!;
  t.strictSame(only?.profile.routes.heaviest().map(({ key }) => key).sort(), ['/a', '/b']);
  t.end();
});
