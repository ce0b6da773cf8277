import t from 'tap';
import { LiveStatistics } from '../../src/admin/liveStatistics.js';
import { govern, settings } from '../support/governed.js';

const ORIGIN = { user: 'app', schema: 'shop', client: '10.0.0.7:51234', program: null, connectionId: 1, session: 1 };
const ENDING = { atMs: 30, stallMs: 4, isWhole: true };

const play = (audit: object = {}) => {
  const config = settings(t, { audit });
  const statistics = new LiveStatistics(() => config.audit);
  const end = (sql: string, given: object) => {
    const { usage } = govern(t, {}, sql);
    Object.assign(usage, { resultSets: 1, ...given });
    statistics.add(usage, ORIGIN, ENDING);
  };
  return { statistics, end };
};

t.test('each execution counts for its digest, and buffered results for what a limit would do', (t) => {
  const { statistics, end } = play();
  const cut = { action: 'cut', reason: 'rows', rule: 'default', limit: { rows: 10, bytes: Infinity } };
  end('SELECT * FROM t WHERE a = 1', { rows: 7, bytes: 700, firstRowAtMs: 20, largestRowBytes: 100 });
  end('SELECT * FROM t WHERE a = 2', { rows: 20, bytes: 2000, judgement: cut });
  end('INSERT INTO t VALUES (1)', { resultSets: 0 });
  const [select, insert] = statistics.table.ranking();
  t.match(select?.profile, {
    executions: 2, cuts: 1, digestText: 'SELECT * FROM `t` WHERE `a` = ?', rows: { sum: 27, max: 20 },
    firstRowMs: { count: 1, max: 20 }, durationMs: { sum: 60 }, stallMs: { max: 4 }, largestRowBytes: { max: 100 },
    example: { sql: 'SELECT * FROM t WHERE a = 2' },
  });
  t.strictSame(select?.profile.clients.heaviest().map(({ key }) => key), ['10.0.0.7']);
  t.match(insert?.profile, { executions: 1, bytes: { sum: 0 } });
  t.equal(statistics.bufferedRows.total, 2, 'what has no result is not limited');
  t.equal(statistics.timeline.slots(Date.now()).at(-1)?.cuts, 1);
  t.end();
});

t.test('it shows no more of a statement than records may', (t) => {
  for (const [sql, text, example] of [
    ['full', 'SELECT ?', 'SELECT 1'], ['digest', 'SELECT ?', null], ['none', null, null],
  ] as const) {
    const { statistics, end } = play({ sql });
    end('SELECT 1', { rows: 1, bytes: 10 });
    const profile = statistics.table.ranking()[0]?.profile;
    t.strictSame([profile?.digestText, profile?.example?.sql], [text, example], sql);
  }
  t.end();
});
