import { isDeepStrictEqual } from 'node:util';
import t from 'tap';
import { encodeLenencString } from '../../src/protocol/lenenc.js';
import {
  decodeParameters, type DecodedParameters, type Execution, type ParameterValue,
} from '../../src/protocol/parameters.js';
import {
  type BoundParameter, executePayload, type ExecuteOptions, RARE_EXAMPLES, VALUE_EXAMPLES,
} from '../support/executePacket.js';

const EXAMPLES = [...VALUE_EXAMPLES, ...RARE_EXAMPLES];
const PLENTY_BYTES = 64 * 1024;
const VAR_STRING = 253;

const string = (value: string | Buffer): BoundParameter => ({ type: VAR_STRING, bytes: encodeLenencString(value) });
const long = (value: number): BoundParameter => ({ type: 3, bytes: Buffer.from([value, 0, 0, 0]) });

const execution = (payload: Buffer, parameterCount: number, known: Partial<Execution> = {}): Execution =>
  ({ payload, parameterCount, hasQueryAttributes: false, types: null, longDataBytes: new Map(), ...known });

/** Encodes and decodes. Throws when decoding fails. */
const decode = (
  parameters: readonly BoundParameter[], options: ExecuteOptions & Partial<Execution> = {}, maxBytes = PLENTY_BYTES,
): DecodedParameters => {
  const payload = executePayload(parameters, options);
  const decoded = decodeParameters(execution(payload, parameters.length, options), maxBytes);
  if (decoded === null) throw new Error('not decoded');
  return decoded;
};

/** Whether `value` can be `whole` as decoded from a front of the payload. */
const isFrontOf = (value: ParameterValue | undefined, whole: unknown): boolean => {
  if (typeof value === 'string' && typeof whole === 'string') return whole.startsWith(value);
  const inHex = (any: unknown): string | null =>
    typeof any === 'string' ? Buffer.from(any).toString('hex') : (any as { hex?: string } | null)?.hex ?? null;
  const [front, all] = [inHex(value), inHex(whole)];
  return front !== null && all !== null && all.startsWith(front);
};

for (const { title, shown, ...parameter } of EXAMPLES) {
  await t.test(`shows a value: ${title}`, async (t) => {
    t.same(decode([parameter]).values, [shown]);
    t.equal(JSON.stringify(decode([parameter]).values), JSON.stringify([shown]), 'in JSON too');
    t.equal(decode([parameter]).isTruncated, false);
  });
}

await t.test('decodes values of all types side by side, with and without query attributes', async (t) => {
  for (const hasQueryAttributes of [false, true]) {
    const { values, isTruncated } = decode(EXAMPLES, { hasQueryAttributes });
    t.strictSame(values, EXAMPLES.map(({ shown }) => shown));
    t.equal(isTruncated, false);
  }
});

await t.test('does not take query attributes for parameters', async (t) => {
  const attribute = { ...string('00-4bf92f-01'), name: 'traceparent' };
  const payload = executePayload([long(7), string('seven'), attribute, { ...attribute, bytes: null }],
    { hasQueryAttributes: true });
  const decoded = decodeParameters(execution(payload, 2, { hasQueryAttributes: true }), PLENTY_BYTES);
  t.match(decoded, { values: [7, 'seven'], isTruncated: false });
});

await t.test('a statement without parameters has none, whatever follows', async (t) => {
  const payload = executePayload([{ ...string('x'), name: 'attribute' }], { hasQueryAttributes: true });
  const decoded = decodeParameters(execution(payload, 0, { hasQueryAttributes: true }), PLENTY_BYTES);
  t.same(decoded, { values: [], types: null, isTruncated: false });
});

await t.test('reads an execution without types with the types of the one before', async (t) => {
  const first = decode([long(200), string('a')]);
  const again = decode([long(100), string('b')], { withoutTypes: true, types: first.types });
  t.same(again.values, [100, 'b']);
  t.same(again.types, first.types);
});

await t.test('shows a value that was sent ahead by its size, and the values around it', async (t) => {
  const blob = { type: 252, bytes: Buffer.alloc(0) };
  const { values } = decode([long(1), blob, string('end')], { longDataBytes: new Map([[1, 1_048_576]]) });
  t.same(values, [1, { longData: 1_048_576 }, 'end']);
});

await t.test('gives null for a packet that is no execution, or that needs unknown types', async (t) => {
  const payload = executePayload([long(1)]);
  t.equal(decodeParameters(execution(Buffer.from('\x03SELECT 1'), 1), PLENTY_BYTES), null, 'a query');
  t.equal(decodeParameters(execution(Buffer.concat([Buffer.from([0xfa]), payload.subarray(1)]), 1), PLENTY_BYTES),
    null, 'a bulk execution');
  t.equal(decodeParameters(execution(Buffer.alloc(0), 1), PLENTY_BYTES), null, 'nothing');
  t.equal(decodeParameters(execution(executePayload([long(1)], { withoutTypes: true }), 1), PLENTY_BYTES), null,
    'types that never came');
  const tooFew = executePayload([long(1)], { hasQueryAttributes: true });
  t.equal(decodeParameters(execution(tooFew, 2, { hasQueryAttributes: true }), PLENTY_BYTES), null, 'too few values');
});

await t.test('ends text at its bound between two characters, and the values there', async (t) => {
  const parameters = [string('abcdef'), long(7), string('日本'), long(8)];
  const within = (maxBytes: number): unknown => {
    const { values, isTruncated } = decode(parameters, {}, maxBytes);
    return [...values, isTruncated];
  };
  t.same(within(12), ['abcdef', 7, '日本', 8, false], 'all of it fits exactly');
  t.same(within(11), ['abcdef', 7, '日', true]);
  t.same(within(9), ['abcdef', 7, '日', true]);
  t.same(within(6), ['abcdef', 7, '', true]);
  t.same(within(5), ['abcde', true]);
});

await t.test('counts bytes as the hexadecimal digits that show them', async (t) => {
  const parameters = [string(Buffer.from('fffefd', 'hex')), string('')];
  t.match(decode(parameters, {}, 6), { values: [{ hex: 'fffefd' }, ''], isTruncated: false });
  t.match(decode(parameters, {}, 5), { values: [{ hex: 'fffe' }], isTruncated: true });
});

await t.test('shows at most 256 values, and keeps as many types', async (t) => {
  const many = Array.from({ length: 300 }, (_, i) => long(i % 100));
  for (const hasQueryAttributes of [false, true]) {
    const { values, types, isTruncated } = decode(many, { hasQueryAttributes });
    t.same(values, Array.from({ length: 256 }, (_, i) => i % 100));
    t.equal(types?.length, 256);
    t.equal(isTruncated, true);
    const again = decode(many, { hasQueryAttributes, withoutTypes: true, types });
    t.same(again.values, values, 'also without types');
    t.equal(again.isTruncated, true);
  }
  t.equal(decode(many.slice(0, 256)).isTruncated, false);
});

await t.test('shows the values in the front of a truncated packet', async (t) => {
  for (const hasQueryAttributes of [false, true]) {
    const payload = executePayload(EXAMPLES, { hasQueryAttributes });
    const all = EXAMPLES.map(({ shown }) => shown);
    for (let bytes = 1; bytes < payload.length; bytes += 1) {
      const front = payload.subarray(0, bytes);
      const decoded = decodeParameters(execution(front, EXAMPLES.length, { hasQueryAttributes }), PLENTY_BYTES);
      if (decoded === null) throw new Error(`nothing of a front of ${bytes} bytes`);
      const { values, isTruncated } = decoded;
      if (!isTruncated) throw new Error(`a front of ${bytes} bytes passes for the whole`);
      const last = values.length - 1;
      const isRight = values.every((value, i) =>
        JSON.stringify(value) === JSON.stringify(all[i]) || (i === last && isFrontOf(value, all[i])));
      if (!isRight) throw new Error(`a front of ${bytes} bytes shows ${JSON.stringify(values)}`);
    }
    t.pass(`${payload.length - 1} fronts`);
  }
});

/** Numbers below `bound`, the same in every run (xorshift32). */
const numbers = (seed: number): ((bound: number) => number) => {
  let state = seed;
  return (bound) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % bound;
  };
};

await t.test('gives a bounded answer that fits in JSON for any bytes', async (t) => {
  const below = numbers(0x51_1ce);
  const base = executePayload(EXAMPLES, { hasQueryAttributes: true });
  let decodedCount = 0;
  for (let round = 0; round < 20_000; round += 1) {
    const isNoise = round % 2 === 0;
    const payload = isNoise ? Buffer.alloc(11 + below(120)) : Buffer.from(base.subarray(0, 11 + below(base.length)));
    for (let i = isNoise ? payload.length : 1 + below(6); i > 0; i -= 1) payload[below(payload.length)] = below(256);
    payload[0] = 0x17;
    const decoded = decodeParameters(execution(payload, below(4) === 0 ? below(65_536) : below(60), {
      hasQueryAttributes: below(2) === 0,
      types: below(2) === 0 ? null : Array.from({ length: below(40) }, () => below(65_536)),
      longDataBytes: new Map([[below(9), 5]]),
    }), 64);
    if (decoded === null) continue;
    decodedCount += 1;
    const textBytes = decoded.values.map((value) => Buffer.byteLength(
      typeof value === 'string' ? value : (value as { hex?: string } | null)?.hex ?? ''));
    // Dates and integers become text of at most some 30 bytes each, beside the bounded values.
    const isBounded = decoded.values.length <= 256 && textBytes.reduce((sum, bytes) => sum + bytes, 0)
      <= 64 + 40 * decoded.values.length;
    if (!isBounded) throw new Error(payload.toString('hex'));
    const isInJson = decoded.values.every((value) => Object.is(value, -0) || isDeepStrictEqual(
      JSON.parse(JSON.stringify(value)), value));
    if (!isInJson) throw new Error(`not the same in JSON: ${payload.toString('hex')}`);
  }
  t.ok(decodedCount > 1000, `${decodedCount} of them said something`);
});
