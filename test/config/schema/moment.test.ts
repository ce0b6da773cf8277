import t from 'tap';
import { formatMoment, parseEnd } from '../../../src/config/schema/moment.js';

t.test('a date means the end of its day in UTC', (t) => {
  t.equal(parseEnd('2026-12-31'), Date.UTC(2027, 0, 1));
  t.equal(parseEnd('2028-02-29'), Date.UTC(2028, 2, 1));
  t.end();
});

t.test('reads a date-time in any time zone as that moment', (t) => {
  const moment = Date.UTC(2026, 11, 31, 18, 30);
  for (const text of [
    '2026-12-31T18:30Z', '2026-12-31T18:30:00Z', '2026-12-31T18:30:00.000Z', '2026-12-31T19:30:00+01:00',
    '2027-01-01T00:00:00+05:30',
  ]) {
    t.equal(parseEnd(text), moment, text);
  }
  t.end();
});

t.test('refuses text that is no date, or a time without a time zone', (t) => {
  for (const text of [
    '', 'tomorrow', '2026', '2026-12', '2026-1-1', '2026-02-30', '2025-02-29', '2026-13-01', '2026-00-10',
    '31.12.2026', '12/31/2026', '2026-12-31T', '2026-12-31T18', '2026-12-31T18:30', '2026-12-31T18:30:00',
    '2026-12-31 18:30:00Z', '2026-12-31T24:00:00Z', '2026-12-31T18:60:00Z', '2026-12-31T18:30:00+1',
    '2026-12-31T18:30:00+25:00', '2026-02-30T00:00:00Z', '2026-12-31T18:30ZT', '+002026-12-31', ' 2026-12-31',
    '2026-12-31\n',
  ]) {
    t.equal(parseEnd(text), undefined, JSON.stringify(text));
  }
  t.end();
});

t.test('writes a moment in the form that it reads', (t) => {
  t.equal(formatMoment(Date.UTC(2027, 0, 1)), '2027-01-01T00:00:00Z');
  for (const ms of [Date.UTC(2027, 0, 1), Date.UTC(2027, 0, 1, 2, 3, 4, 5)]) {
    t.equal(parseEnd(formatMoment(ms)), ms);
  }
  t.end();
});
