import t from 'tap';
import { Definitions } from '../../src/conversation/definitions.js';
import { packetsFrom, definition } from '../support/wirePackets.js';

const [BEFORE, FIRST, SECOND, BEHIND] = ['parameter', 'a', 'b', 'end'].map((name) => packetsFrom(1, definition(name)));
const PACKETS = [BEFORE!, FIRST!, SECOND!, BEHIND!];

t.test('finds the packets of the columns, wherever the chunks end', (t) => {
  const stream = Buffer.concat(PACKETS);
  const wanted = Buffer.concat([FIRST!, SECOND!]);
  const ends = PACKETS.map((_, i) => Buffer.concat(PACKETS.slice(0, i + 1)).length);
  const wrong: number[] = [];
  for (let cut = 1; cut < stream.length; cut += 1) {
    const definitions = new Definitions();
    definitions.expect(1, 2, 1);
    let found: Buffer | null = null;
    for (const [from, to] of [[0, cut], [cut, stream.length]] as const) {
      definitions.goOn(from);
      for (const [i, end] of ends.entries()) {
        const start = end - PACKETS[i]!.length;
        if (start >= from && start < to) definitions.begin(start);
        if (end > from && end <= to && definitions.passed()) found = definitions.upTo(stream, to);
      }
      definitions.keep(stream, to);
    }
    const isFound = found?.subarray(0, wanted.length).equals(wanted) ?? false;
    if (!isFound || !definitions.areOver) wrong.push(cut);
  }
  t.same(wrong, []);
  t.end();
});

t.test('forgets definitions that are too many to keep', (t) => {
  const chunk = Buffer.alloc(100 * 1024);
  const definitions = new Definitions();
  definitions.expect(0, 5000, 0);
  definitions.begin(0);
  for (const known of [true, true, false, false]) {
    definitions.keep(chunk, chunk.length);
    definitions.goOn(0);
    t.equal(definitions.upTo(chunk, 0) !== null, known);
  }
  t.end();
});
