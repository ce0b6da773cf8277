import t from 'tap';
import { MAX_PAYLOAD_BYTES } from '../../src/protocol/framing.js';
import { PacketScanner, type Entry, type PacketStart } from '../../src/protocol/packetScanner.js';
import { ReadMemory, Reads } from '../support/reads.js';
import { AROUND_HEADERS, SPLITS, WHOLE, type Split } from '../support/splits.js';
import { packetsFrom } from '../support/wirePackets.js';

interface Seen {
  readonly sequenceId: number;
  readonly firstByte: number;
  readonly offset: number;
  readonly front: string;
  readonly packetBytes: number;
}

/** Notes every packet that passes. */
class Notes extends PacketScanner {
  readonly seen: Seen[] = [];
  readonly continued: number[] = [];
  private current = { sequenceId: 0, firstByte: 0, offset: 0 };

  constructor(private readonly frontSize: number, private readonly onBegin: (start: PacketStart) =>
    Entry = () => 'enter') {
    super();
  }

  protected override begin(start: PacketStart): Entry {
    const entry = this.onBegin(start);
    this.current = { sequenceId: start.sequenceId, firstByte: start.firstByte,
      offset: this.streamOffset(start.at) };
    this.want(this.frontSize);
    return entry;
  }

  protected override continue(start: PacketStart): Entry {
    this.continued.push(start.sequenceId);
    return 'enter';
  }

  protected override packet(front: Buffer, packetBytes: number): boolean {
    this.seen.push({ ...this.current, front: front.toString('latin1'), packetBytes });
    return true;
  }
}

const MEMORY = new ReadMemory();

/** Feeds a scanner as a relay does. Returns the undecided bytes at the end, and the most at any time. */
const show = (scanner: PacketScanner, bytes: Buffer,
  split: Split): { heldBytes: number; mostHeldBytes: number } => {
  const reads = new Reads(MEMORY);
  let mostHeldBytes = 0;
  let at = 0;
  for (const end of split.ends(bytes)) {
    reads.show((chunk, from, to) => scanner.scan(chunk, from, to), bytes, at, end);
    mostHeldBytes = Math.max(mostHeldBytes, reads.undecided.length);
    at = end;
  }
  return { heldBytes: reads.undecided.length, mostHeldBytes };
};

const PAYLOADS = ['', 'a', 'bc', 'd'.repeat(300), '', '', 'e'.repeat(70_000), 'last'].map((text) =>
  Buffer.from(text));

await t.test('sees every packet with its header, size and front, at any split', async (t) => {
  const bytes = packetsFrom(250, ...PAYLOADS);
  for (const wantedBytes of [0, 1, 100, 100_000]) {
    let offset = 0;
    const wanted = PAYLOADS.map((payload, i): Seen => {
      offset += i === 0 ? 0 : 4 + PAYLOADS[i - 1]!.length;
      return {
        sequenceId: (250 + i) & 0xff, firstByte: payload[0] ?? 0, offset, packetBytes: payload.length,
        front: payload.toString('latin1', 0, wantedBytes),
      };
    });
    for (const split of [WHOLE, ...SPLITS]) {
      const notes = new Notes(wantedBytes);
      const { heldBytes } = show(notes, bytes, split);
      t.same(notes.seen, wanted, `${wantedBytes} bytes wanted, ${split.name}`);
      t.equal(heldBytes, 0);
      t.equal(notes.isBetweenPackets, true);
    }
  }
});

await t.test('never leaves more than a header undecided', async (t) => {
  for (const split of SPLITS) {
    t.ok(show(new Notes(100_000), packetsFrom(0, ...PAYLOADS), split).mostHeldBytes <= 4, split.name);
  }
});

await t.test('takes packets of 0xFFFFFF bytes and the one after them as one packet', async (t) => {
  for (const [size, continuations] of [
    [MAX_PAYLOAD_BYTES, [1]], [MAX_PAYLOAD_BYTES + 5, [1]], [2 * MAX_PAYLOAD_BYTES, [1, 2]],
  ] as const) {
    const payload = Buffer.alloc(size, 0x61);
    payload.write('front');
    const bytes = packetsFrom(0, payload, Buffer.from('next'));
    for (const split of [WHOLE, AROUND_HEADERS]) {
      for (const wantedBytes of [0, 5, MAX_PAYLOAD_BYTES + 3]) {
        const notes = new Notes(wantedBytes);
        show(notes, bytes, split);
        t.same(notes.seen.map(({ packetBytes }) => packetBytes), [size, 4]);
        t.same(notes.continued, continuations);
        t.equal(notes.seen[0]?.front, payload.toString('latin1', 0, wantedBytes),
          `${split.name}, ${wantedBytes} wanted`);
        t.equal(notes.seen[1]?.offset, bytes.length - 8);
      }
    }
  }
});

await t.test('shows a packet again with more bytes when asked to wait', async (t) => {
  const bytes = packetsFrom(0, Buffer.from('first'), Buffer.from('second'));
  for (const split of [WHOLE, ...SPLITS]) {
    const notes = new Notes(10, ({ end, at, payloadLength }) => (end - at < 4 + payloadLength ? 'wait'
      : 'enter'));
    t.equal(show(notes, bytes, split).heldBytes, 0);
    t.same(notes.seen.map(({ front }) => front), ['first', 'second'], split.name);
  }
});

await t.test('stops before a packet that may not enter, and continues there', async (t) => {
  const bytes = packetsFrom(0, Buffer.from('one'), Buffer.from('two'), Buffer.from('three'));
  let isStopping = true;
  const notes = new Notes(10, ({ firstByte }) => (isStopping && firstByte === 0x74 ? 'stop' : 'enter'));
  t.equal(notes.scan(bytes, 0, bytes.length), 7);
  t.equal(notes.scan(bytes, 7, bytes.length), 7, 'and again, until it is decided');
  isStopping = false;
  t.equal(notes.scan(bytes, 7, bytes.length), bytes.length);
  t.same(notes.seen.map(({ front }) => front), ['one', 'two', 'three']);
});

await t.test('lets everything pass from anywhere once it is transparent', async (t) => {
  const bytes = packetsFrom(0, Buffer.alloc(50), Buffer.alloc(50));
  const passed = Array.from(bytes, (_, at) => {
    const notes = new Notes(10);
    const decided = notes.scan(bytes, 0, at);
    notes.passAll();
    return { to: notes.scan(bytes, decided, bytes.length), seen: notes.seen.length };
  });
  t.same(passed.filter(({ to }) => to !== bytes.length), []);
  t.same(passed.filter(({ seen }) => seen > 2), []);
});

await t.test('is between packets exactly when a whole packet has passed', async (t) => {
  const payload = Buffer.alloc(20);
  const bytes = packetsFrom(0, payload, payload);
  const notes = new Notes(0);
  t.equal(notes.isBetweenPackets, true, 'before anything has come');
  for (let at = 0; at < bytes.length;) {
    const to = notes.scan(bytes, at, at + 5 > bytes.length ? bytes.length : at + 5);
    at = to;
    t.equal(notes.isBetweenPackets, to % 24 === 0, `at ${to}`);
  }
});
