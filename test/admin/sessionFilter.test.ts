import t from 'tap';
import { byUrgency } from '../../src/admin/sessionFilter.js';
import type { CommandView, SessionView } from '../../src/telemetry/status.js';

const view = (session: number, ageMs: number, more: Partial<SessionView> = {}): SessionView => ({
  session, user: 'app', schema: 'shop', client: '127.0.0.1:1', program: null, connectionId: session, state: 'idle',
  upstream: 'db:3306', tls: { client: null, upstream: null }, inTransactionMs: null, ageMs, command: null,
  stalledMs: null, ...more,
});
const running = (runningMs: number): Partial<SessionView> =>
  ({ state: 'running', command: { runningMs } as CommandView });

t.test('puts stalled sessions first, then the oldest that run, open transactions, and idle ones', (t) => {
  const ordered = [
    view(9, 1, { state: 'stalled', stalledMs: 2000, ...{ command: { runningMs: 1 } as CommandView } }),
    view(7, 5, running(900)), view(3, 9, running(20)), view(5, 9, { state: 'in-transaction', inTransactionMs: 70 }),
    view(8, 9, { state: 'in-transaction', inTransactionMs: 5 }), view(6, 3, { state: 'response' }), view(1, 9), view(2, 8),
  ];
  t.strictSame([...ordered].reverse().sort(byUrgency), ordered);
  t.end();
});

t.test('keeps idle sessions in one order, although their ages are read at different moments', (t) => {
  const [first, second, third] = [view(1, 100), view(2, 101), view(3, 99)];
  t.strictSame([third, second, first].sort(byUrgency), [first, second, third]);
  t.end();
});
