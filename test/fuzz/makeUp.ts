import { Capability } from '../../src/protocol/capabilities.js';
import { Command } from '../../src/protocol/commands.js';
import { HEADER_BYTES } from '../../src/protocol/framing.js';
import { responseCapabilities } from '../../src/protocol/handshakeResponse.js';
import { encodeLenenc } from '../../src/protocol/lenenc.js';
import { Status } from '../../src/protocol/status.js';
import * as ask from '../support/commandPayloads.js';
import { fromClient, fromServer, type Turn } from '../support/conversationHarness.js';
import type { Random } from '../support/random.js';
import * as wire from '../support/wirePackets.js';
import { hostileName, hostileStatement } from './hostileText.js';

// Made-up conversations: commands and answers in any order. Most follow the protocol; some have flags, counts, lengths
// and answers that no server sends.

/** One conversation being made up. */
interface Talk {
  readonly random: Random;
  readonly dialect: wire.DialectName;
  /** Ids of prepared statements, most of them known to both ends. */
  readonly ids: number[];
}

const FLAGS = [
  Status.MORE_RESULTS_EXISTS, Status.CURSOR_EXISTS, Status.LAST_ROW_SENT, Status.PS_OUT_PARAMS, Status.ANSI_QUOTES,
  Status.NO_BACKSLASH_ESCAPES, 0x4000,
];

const OPTIONAL_CAPABILITIES = [
  Capability.CONNECT_ATTRS, Capability.SESSION_TRACK, Capability.OPTIONAL_RESULTSET_METADATA,
  Capability.QUERY_ATTRIBUTES,
  Capability.PLUGIN_AUTH_LENENC_CLIENT_DATA, Capability.MARIADB_PROGRESS, Capability.MARIADB_CACHE_METADATA,
  Capability.SSL, Capability.ZSTD_COMPRESSION_ALGORITHM, 1n << 29n, 1n << 50n,
];

const statusOf = ({ random }: Talk): number =>
  FLAGS.reduce((flags, flag) => (random.chance(0.06) ? flags | flag : flags), Status.AUTOCOMMIT);

const text = ({ random }: Talk): string =>
  (random.chance(0.3) ? hostileStatement(random) : 'x'.repeat(random.skewed(random.chance(0.02) ? 70_000 : 300)));

/** Mostly a few rows; sometimes so many that reads are large and get a buffer of their own. */
const rowsOf = (talk: Talk, row: (value: string) => Buffer): Buffer[] =>
  Array.from(
    { length: talk.random.chance(0.1) ? 100 + talk.random.below(400) : talk.random.skewed(40) }, () => row(text(talk)),
  );

const textRow = (talk: Talk) => (value: string): Buffer => wire.textRow(talk.random.chance(0.1) ? null : value);

const results = (talk: Talk, row: (value: string) => Buffer): Buffer[] => {
  const { random, dialect } = talk;
  const payloads: Buffer[] = [];
  for (let left = 1 + random.skewed(4); left > 0; left -= 1) {
    const statusFlags = left > 1 ? statusOf(talk) | Status.MORE_RESULTS_EXISTS : statusOf(talk);
    const result = wire.resultSet(dialect, rowsOf(talk, row), { columns: 1 + random.skewed(5), statusFlags });
    if (random.chance(0.2)) payloads.push(wire.ok(statusFlags));
    else if (random.chance(0.1)) payloads.push(...result.slice(0, -1), wire.err(1317));
    else payloads.push(...result);
  }
  return payloads;
};

/** Wrong answers, and right ones for another command. */
const oddAnswer = (talk: Talk): Buffer[] => {
  const { random } = talk;
  return random.pick<() => Buffer[]>([
    () => [wire.ok(statusOf(talk))],
    () => [wire.eof(statusOf(talk))],
    () => [wire.err(random.below(65_536), text(talk))],
    () => [Buffer.alloc(0)],
    () => [random.bytes(1 + random.skewed(40))],
    () => [encodeLenenc(random.pick([0, 1, 250, 251, 4096, 65_535, 65_536, 2 ** 24, 2 ** 40]))],
    () => [Buffer.from([random.pick([0xfb, 0xfc, 0xfd, 0xfe])])],
    () => [Buffer.from('\xfb/etc/passwd', 'latin1')],
    () => results(talk, textRow(talk)),
    () => wire.preparedAnswer(talk.dialect, random.below(5), random.skewed(4), random.skewed(4)),
  ])();
};

const idOf = ({ random, ids }: Talk): number =>
  ids.length > 0 && random.chance(0.9) ? random.pick(ids) : random.pick([0, 1, 77, 0xffff_ffff]);

interface Exchange {
  readonly command: Buffer;
  readonly answer: readonly Buffer[];
}

type MakeExchange = (talk: Talk) => Exchange;

const EXCHANGES: readonly MakeExchange[] = [
  (talk) => ({ command: ask.query(hostileStatement(talk.random)), answer: results(talk, textRow(talk)) }),
  (talk) => ({
    command: ask.attributedQuery('SELECT 1', talk.random.chance(0.5) ? ask.ATTRIBUTES : []),
    answer: results(talk, textRow(talk)),
  }),
  (talk) => {
    const id = talk.random.below(9);
    talk.ids.push(id);
    const { random, dialect } = talk;
    return {
      command: ask.prepare(text(talk)), answer: wire.preparedAnswer(dialect, id, random.skewed(4), random.skewed(4)),
    };
  },
  (talk) => ({
    command: ask.execute(idOf(talk), talk.random.pick([0, 0, 1, 4]), talk.random.chance(0.5) ? ['a', null] : []),
    answer: results(talk, wire.binaryRow),
  }),
  (talk) => ({
    command: ask.execute(idOf(talk), ask.CURSOR_READ_ONLY),
    answer: wire.resultSet(talk.dialect, [], { statusFlags: Status.CURSOR_EXISTS })
      .slice(0, talk.dialect === 'eof' ? -1 : undefined),
  }),
  (talk) => ({
    command: ask.fetch(idOf(talk), 5),
    answer: [...rowsOf(talk, wire.binaryRow), wire.rowsEnd(talk.dialect, statusOf(talk))],
  }),
  (talk) => ({ command: ask.reset(idOf(talk)), answer: [wire.ok()] }),
  (talk) => ({ command: ask.close(idOf(talk)), answer: [] }),
  (talk) => ({ command: ask.longData(idOf(talk), talk.random.below(3), text(talk)), answer: [] }),
  (talk) => ({ command: ask.bulkExecute(idOf(talk), ['a', 'b']), answer: results(talk, wire.binaryRow) }),
  () => ({ command: ask.changeUser('you', 'shop', 'mysql_native_password'), answer: [wire.ok()] }),
  (talk) => ({ command: ask.command(Command.INIT_DB, text(talk)), answer: [wire.ok()] }),
  (talk) => ({
    command: ask.command(Command.FIELD_LIST, 'numbers\0'),
    answer: [...wire.definitions(talk.random.skewed(5)), wire.rowsEnd(talk.dialect)],
  }),
  () => ({ command: ask.command(Command.STATISTICS), answer: [Buffer.from('Uptime: 1')] }),
  () => ({ command: ask.command(Command.PING), answer: [wire.ok()] }),
  () => ({ command: ask.command(Command.RESET_CONNECTION), answer: [wire.ok()] }),
  (talk) => ({
    command: ask.command(talk.random.below(256), talk.random.bytes(talk.random.skewed(60))), answer: oddAnswer(talk),
  }),
  (talk) => ({ command: ask.query('CALL odd()'), answer: oddAnswer(talk) }),
  () => ({ command: ask.command(Command.BINLOG_DUMP, Buffer.alloc(10)), answer: [Buffer.from('\0event')] }),
];

const infile = ({ random }: Talk): Turn[] => [
  wire.ask(ask.query('LOAD DATA LOCAL INFILE "x" INTO TABLE t')),
  wire.answer(Buffer.from('\xfbx', 'latin1')),
  fromClient(wire.packetsFrom(2, ...Array.from({ length: random.skewed(4) }, () => random.bytes(50)), Buffer.alloc(0))),
  fromServer(wire.packetsFrom(4, wire.ok())),
];

/** A few commands and their answers: one after the other, or sent ahead. */
const talkOn = (talk: Talk): Turn[] => {
  const { random } = talk;
  if (random.chance(0.05)) return infile(talk);
  const exchanges = Array.from(
    { length: 1 + random.skewed(random.chance(0.02) ? 400 : 6) }, () => random.pick(EXCHANGES)(talk),
  );
  const asked = exchanges.map(({ command }) => wire.ask(command));
  const answered = exchanges.map(({ answer }) => wire.answer(...answer));
  if (random.chance(0.5)) return exchanges.flatMap((_, i) => [asked[i]!, answered[i]!]);
  return [fromClient(...asked.map(({ bytes }) => bytes)), fromServer(...answered.map(({ bytes }) => bytes))];
};

/** The connection phase, with a client that sends any names. */
const enter = (random: Random, dialect: wire.DialectName, capabilities: bigint): Turn[] => {
  const usual = wire.login(dialect, { server: random.pick(['mysql', 'mariadb']), capabilities });
  const [greeting, answer, ok] = usual as [Turn, Turn, Turn];
  if (random.chance(0.5)) return usual;
  const asked = responseCapabilities(answer.bytes.subarray(HEADER_BYTES)) ?? 0n;
  const attributes = new Map([
    ['program_name', hostileName(random, 'mysqldump')], [hostileName(random, '_os'), hostileName(random, 'Linux')],
  ]);
  const payload = wire.responsePayload({
    capabilities: asked | Capability.CONNECT_ATTRS, attributes,
    user: hostileName(random, 'app'), schema: hostileName(random, 'shop'),
  });
  return [greeting, fromClient(wire.packetsFrom(1, payload)), ok];
};

/**
 * A conversation made up from the grammar of the protocol, in packets.
 * @param required capabilities that the client asks for, besides those that it happens to ask for
 */
export const makeUp = (random: Random, required = 0n): Turn[] => {
  const dialect = random.pick(wire.DIALECTS);
  const capabilities = OPTIONAL_CAPABILITIES.reduce((all, bit) => (random.chance(0.15) ? all | bit : all), required);
  const talk: Talk = { random, dialect, ids: [] };
  const turns = enter(random, dialect, capabilities);
  for (let left = 1 + random.below(8); left > 0; left -= 1) turns.push(...talkOn(talk));
  if (random.chance(0.5)) turns.push(wire.ask(ask.command(Command.QUIT)));
  return turns.filter(({ bytes }) => bytes.length > 0);
};
