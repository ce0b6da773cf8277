import t, { type Test } from 'tap';
import { adviceOn } from '../../src/config.js';
import { load, withUpstream } from './configFile.js';

function adviceFor(t: Test, settings: object): string[] {
  return adviceOn(load(t, withUpstream(settings)));
}

t.test('the defaults need no advice', (t) => {
  t.same(adviceFor(t, {}), []);
  t.end();
});

t.test('an error code that pools take for a broken connection is advised against', (t) => {
  const advice = (code: number) => adviceFor(t, { onExceed: { error: { code } } });
  t.match(advice(1105), [/^onExceed\.error\.code: on 1105 HikariCP throws the connection away/]);
  t.match(advice(1153), [/Connector\/J/]);
  t.match(advice(1213), [/run the transaction again/]);
  t.match(advice(4031), [/SQLAlchemy/]);
  t.match(advice(1040), [/Druid/]);
  t.same(advice(1644), []);
  t.same(advice(1317), []);
  t.end();
});

t.test('so is an SQLSTATE', (t) => {
  const advice = (sqlState: string) => adviceFor(t, { onExceed: { error: { sqlState } } });
  for (const state of ['08S01', '0A000', '57P01', '70100', '22001', '40001', '01000', '02000', 'JZ0C0']) {
    t.match(advice(state), [new RegExp(`^onExceed\\.error\\.sqlState: on ${state} `)], state);
  }
  t.match(advice('01002'), [/no error/, /HikariCP/]);
  for (const state of ['HY000', '45000', '42000']) t.same(advice(state), [], state);
  t.end();
});

t.test('a configuration that limits nothing and warns of nothing is pointed out', (t) => {
  const unlimited = { rows: null, bytes: null };
  t.match(adviceFor(t, { limits: unlimited }), [/^limits: nothing is limited/]);
  t.same(adviceFor(t, { limits: unlimited, warn: { rows: 10 } }), []);
  t.end();
});

t.test('a warn threshold that a limit hides is pointed out, unless nothing is cut or hints may raise it', (t) => {
  const warn = { rows: 100_000 };
  t.match(adviceFor(t, { warn }), [/^warn\.rows: no buffered result passes it/]);
  t.same(adviceFor(t, { warn: { rows: 99_999 } }), []);
  t.same(adviceFor(t, { warn, mode: 'audit' }), []);
  t.same(adviceFor(t, { warn, hints: 'any' }), []);
  t.end();
});
