import t from 'tap';
import { UnreadClients, type UnreadSession } from '../../src/relay/unreadClients.js';

t.test('looks for clients of sessions that were not read and did not move for a whole interval, and for no ' +
  'others', async (t) => {
  let looks = 0;
  const asked = new Set<string>();
  const session = (name: string, markAt: (look: number) => string | null): UnreadSession => ({
    get unreadMark() {
      return markAt(looks);
    },
    lookForClient: () => void asked.add(name),
    contain: (work) => work(),
    threw: (error) => t.fail(String(error)),
  });
  const done = new Promise<void>((resolve) => {
    const sessions: UnreadSession[] = [
      session('is read', () => null), session('moves', (look) => String(look)), session('stands still', () => 'x'),
      session('is read in between', (look) => (look % 2 === 0 ? 'x' : null)),
    ];
    const counted: Iterable<UnreadSession> = {
      *[Symbol.iterator]() {
        looks += 1;
        yield* sessions;
        if (looks === 4) resolve();
      },
    };
    const unread = new UnreadClients(counted, () => 1);
    t.teardown(() => unread.close());
    const hold = setTimeout(() => undefined, 2 ** 30); // the timer of UnreadClients does not keep the process alive
    t.teardown(() => clearTimeout(hold));
  });
  await done;
  t.same([...asked], ['stands still']);
});
