import t from 'tap';
import { query } from '../support/commandPayloads.js';
import { eventsOf, everySplit, fromServer, type Turn } from '../support/conversationHarness.js';
import { answer, ask, greetingPayload, login, ok, packetsFrom } from '../support/wirePackets.js';

// Sluice stops following impossible packets, and logs it.

const IMPOSSIBLE: Record<string, { turns: Turn[]; reason: string }> = {
  'a server that lets a client in before it has answered the greeting': {
    turns: [fromServer(packetsFrom(0, greetingPayload())), fromServer(packetsFrom(1, ok()))],
    reason: 'a packet before the client has answered the greeting',
  },
  'a column count that ends before it is whole': {
    turns: [...login('eof'), ask(query('SELECT 1')), answer(Buffer.from([0xfc, 1]))],
    reason: 'a column count that is cut short',
  },
};

for (const [what, { turns, reason }] of Object.entries(IMPOSSIBLE)) {
  await t.test(`stops following ${what}`, async (t) => {
    const outcome = everySplit(t, turns);
    t.same(eventsOf(outcome, 'unparsed').map((event) => event.reason), [reason]);
    t.equal(outcome.undecidedFromServer, 0, 'and all that it sent is relayed');
  });
}
