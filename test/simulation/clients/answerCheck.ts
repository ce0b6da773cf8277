import type { Packet } from '../../../src/demo/packetAssembler.js';
import { decodeErr, FirstByte, type ServerError } from '../../../src/protocol/packets.js';
import { HEADER_BYTES } from '../../../src/protocol/framing.js';
import type { Exchange, ExchangeEnd } from '../ledger.js';
import type { ClientConnection } from './clientConnection.js';

// The first invariant: packet by packet, a client gets what the server has sent. An error of Sluice's own may take the
// place of a packet; then nothing more of that response comes.

/** Takes the next packet of an exchange, and says what is wrong with it. */
export const takePacket = (client: ClientConnection, exchange: Exchange, { payload, sequenceId }: Packet): void => {
  const { stage: { news, violations, nowMs } } = client;
  const wrong = (invariant: string, text: string): void =>
    violations.add(invariant, `${client.name}, ${exchange.name}: ${text}`);
  if (!client.compresses && sequenceId !== exchange.nextSequenceId) {
    wrong('sequence ids', `sequence id ${sequenceId} in place of ${exchange.nextSequenceId}`);
  }
  exchange.nextSequenceId = (sequenceId + 1) & 0xff;
  if (exchange.received === 0) exchange.firstAtMs = nowMs();
  const expected = exchange.sent[exchange.received];
  const own = ownError(payload);
  if (own !== null) {
    exchange.error = own;
    news.tell(`${client.name} gets an error for ${exchange.name}: ${own.message}`);
    news.note(`cut ${exchange.tag}`);
    return finish(client, exchange, 'error');
  }
  if (expected !== undefined && expected.payload.equals(payload)) {
    exchange.received += 1;
    if (expected.kind === 'head' && exchange.headAtMs === 0) exchange.headAtMs = nowMs();
    if (expected.kind === 'row') {
      exchange.receivedRows += 1;
      exchange.receivedRowBytes += HEADER_BYTES + payload.length;
      if (exchange.receivedRows === 1) news.note(`got ${exchange.tag}`);
    }
    if (expected.isLast) finish(client, exchange, 'whole');
    else if (expected.kind === 'file') upload(client, exchange, sequenceId + 1);
    else if (isAuthSwitch(exchange, payload)) client.answer(exchange, sequenceId + 1, Buffer.alloc(20, 9));
    return;
  }
  const last = exchange.sent.at(-1);
  if (last?.kind === 'error' && last.payload.equals(payload)) return finish(client, exchange, 'replaced');
  if (isEnd(payload) && exchange.sent[exchange.received]?.kind !== 'head') return finish(client, exchange, 'truncated');
  wrong('prefix', `packet ${exchange.received} is ${shown(payload)} in place of ${shown(expected?.payload)}`);
  finish(client, exchange, 'truncated');
};

const finish = ({ stage: { news, nowMs } }: ClientConnection, exchange: Exchange, end: ExchangeEnd): void => {
  exchange.end = end;
  exchange.overAtMs = nowMs();
  news.note(`done ${exchange.tag}`);
};

/** An error of Sluice's own; null if the packet is none. */
const ownError = (payload: Buffer): ServerError | null => {
  if (payload[0] !== FirstByte.ERR) return null;
  const error = decodeErr(payload);
  return error.message.startsWith('sluice: ') ? error : null;
};

const isAuthSwitch = ({ what }: Exchange, payload: Buffer): boolean =>
  what.name === 'changeUser' && payload[0] === FirstByte.EOF;

const isEnd = (payload: Buffer): boolean => payload[0] === FirstByte.EOF && payload.length < 9;

/** Sends the content of a file, and the empty packet after it. */
const upload = (client: ClientConnection, exchange: Exchange, sequenceId: number): void => {
  const requests = exchange.sent.slice(0, exchange.received).filter(({ kind }) => kind === 'file').length;
  const files = exchange.what.statement!.answers.filter(({ kind }) => kind === 'file');
  const file = files[requests - 1]!;
  const parts: Buffer[] = [];
  for (let left = file.kind === 'file' ? file.bytes : 0; left > 0; left -= PART_BYTES) {
    parts.push(Buffer.alloc(Math.min(left, PART_BYTES), 0x03)); // bytes that would be commands
  }
  client.answer(exchange, sequenceId, ...parts, Buffer.alloc(0));
};

const PART_BYTES = 4000;

const shown = (payload: Buffer | undefined): string =>
  (payload === undefined ? 'nothing'
    : `${JSON.stringify(payload.toString('latin1', 0, 40))} (${payload.length} bytes)`);
