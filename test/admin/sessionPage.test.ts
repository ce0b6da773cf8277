import t from 'tap';
import { firstBy, firstPage, fitting, MAX_ANSWER_BYTES } from '../../src/admin/sessionPage.js';
import type { SessionView } from '../../src/telemetry/status.js';

/** The longest name that is kept, of characters that take six bytes each in JSON. */
const LONGEST = '\u0001'.repeat(512);

function* sessionsAfter(after: number, count: number, name = LONGEST): Generator<SessionView> {
  for (let session = after + 1; session <= count; session += 1) {
    yield {
      session, user: name, schema: name, client: '127.0.0.1:1', program: name, connectionId: session, state: 'idle',
      upstream: name, tls: { client: null, upstream: null }, inTransactionMs: null,
      ageMs: session, command: null, stalledMs: null,
    };
  }
}

const jsonBytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

t.test('splits 10,000 sessions with the longest names into bounded pages, each session on one page', async (t) => {
  const seen: number[] = [];
  for (let isLast = false; !isLast; ) {
    const page = await firstPage(sessionsAfter(seen.at(-1) ?? 0, 10_000));
    if (jsonBytes(page.views) > MAX_ANSWER_BYTES) t.fail('a page that is too large');
    seen.push(...page.views.map(({ session }) => session));
    isLast = page.isLast;
  }
  t.strictSame(seen, Array.from({ length: 10_000 }, (_, index) => index + 1));
});

t.test('puts a few sessions, or none, on one page', async (t) => {
  t.match(await firstPage(sessionsAfter(0, 3, 'app')), { views: { length: 3 }, isLast: true });
  t.match(await firstPage(sessionsAfter(0, 0)), { views: { length: 0 }, isLast: true });
});

t.test('finds the first sessions by an order among all sessions', async (t) => {
  const oldest = await firstBy(sessionsAfter(0, 1000, 'app'), 50, (one, other) => other.ageMs - one.ageMs);
  t.strictSame(oldest.map(({ session }) => session), Array.from({ length: 50 }, (_, index) => 1000 - index));
});

t.test('shows as many items of a list as fit, and at least the first', (t) => {
  const items = Array.from({ length: 100 }, () => LONGEST);
  const shown = fitting(items, 50_000);
  t.ok(jsonBytes(shown) <= 50_000 && shown.length > 10);
  t.equal(fitting(items, 10).length, 1);
  t.equal(fitting([], 10).length, 0);
  t.end();
});
