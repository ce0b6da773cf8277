// A server that costs next to nothing. It runs as a process of its own, and tells its parent its port. It accepts
// every login. Each response is made once and written again and again. `rows N of B` is answered with N rows whose
// payload has B bytes, any other query like `rows 1 of 10`.
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { Capability } from '../../src/protocol/capabilities.js';
import { Command } from '../../src/protocol/commands.js';
import { encodePacket, HEADER_BYTES } from '../../src/protocol/framing.js';
import { encodeLenenc } from '../../src/protocol/lenenc.js';
import { PacketAssembler, type Packet } from '../../src/demo/packetAssembler.js';
import { greetingPayload, ResponseEncoder } from '../../src/demo/encode.js';
import { ColumnType } from '../../src/demo/relation.js';

const CAPABILITIES =
  Capability.LONG_PASSWORD | Capability.CONNECT_WITH_DB | Capability.PROTOCOL_41 | Capability.TRANSACTIONS |
  Capability.SECURE_CONNECTION | Capability.PLUGIN_AUTH | Capability.MULTI_RESULTS;
const AUTOCOMMIT = 2;
const MAX_COMMAND_BYTES = 1024 * 1024;

const GREETING = encodePacket(0, greetingPayload({
  serverVersion: '8.0.0-bench', connectionId: 1, capabilities: CAPABILITIES, authPlugin: 'mysql_native_password',
  scramble: Buffer.alloc(20, 'x'),
}));
const WELCOME = new ResponseEncoder(CAPABILITIES, 2).ok(AUTOCOMMIT);
const COLUMN = { name: 'payload', type: ColumnType.VAR_STRING, table: 'rows', maxBytes: 1024 * 1024 };

/** Sequence ids repeat after 256 rows, so that this many rows, or a multiple, can be sent again. */
const PERIOD_ROWS = 256;
const WRITE_BYTES = 1024 * 1024;

/** A result of which only the repeated rows are stored. */
interface RepeatedResult {
  readonly head: Buffer;
  readonly period: Buffer;
  readonly periods: number;
  /** The rows after the last whole repetition, and the end. */
  readonly tail: Buffer;
}

/** By the part of a query that asks for it: the rest may be another one each time. */
const results = new Map<string, RepeatedResult>();

const repeatedResult = (rows: number, rowBytes: number): RepeatedResult => {
  const encoder = new ResponseEncoder(CAPABILITIES, 1);
  const head = encoder.resultSetHead([COLUMN], AUTOCOMMIT);
  const packetBytes = HEADER_BYTES + rowBytes;
  const periodRows = PERIOD_ROWS * Math.max(1, Math.floor(WRITE_BYTES / (packetBytes * PERIOD_ROWS)));
  const blockRows = Math.min(rows, periodRows);
  const period = Buffer.alloc(blockRows * packetBytes, 'x');
  const prefix = lenencOf(rowBytes);
  for (let row = 0, at = 0; row < blockRows; row += 1, at += packetBytes) {
    period.writeUIntLE(rowBytes, at, 3);
    period[at + 3] = encoder.nextSequenceId(1);
    prefix.copy(period, at + HEADER_BYTES);
  }
  const periods = Math.floor(rows / blockRows);
  const restRows = rows - periods * blockRows;
  encoder.nextSequenceId(rows - blockRows);
  const tail = Buffer.concat([period.subarray(0, restRows * packetBytes), encoder.terminator(AUTOCOMMIT)]);
  if (periods > 1) return { head, period, periods, tail };
  const nothing = tail.subarray(0, 0);
  return { head: Buffer.concat([head, period, tail]), period: nothing, periods: 0, tail: nothing };
};

/** The length of the value that makes a row of `rowBytes`, with its own length prefix. */
const lenencOf = (rowBytes: number): Buffer => {
  const guess = encodeLenenc(rowBytes);
  return encodeLenenc(rowBytes - guess.length);
};

const resultOf = (sql: string): RepeatedResult => {
  const [asked = '', rows = '1', rowBytes = '10'] = /rows (\d+) of (\d+)/.exec(sql) ?? [];
  const known = results.get(asked);
  if (known !== undefined) return known;
  const result = repeatedResult(Number(rows), Number(rowBytes));
  results.set(asked, result);
  return result;
};

/** Statement 1 has one parameter and one column. */
const PREPARED = ((): Buffer => {
  const encoder = new ResponseEncoder(CAPABILITIES, 1);
  const ok = encoder.packet(Buffer.from([0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0]));
  return Buffer.concat([ok, encoder.definitions([COLUMN], AUTOCOMMIT), encoder.definitions([COLUMN], AUTOCOMMIT)]);
})();

/** Two binary rows: 0x00, a bitmap of NULLs, a text of 8 bytes. */
const EXECUTED = ((): Buffer => {
  const encoder = new ResponseEncoder(CAPABILITIES, 1);
  const head = encoder.resultSetHead([COLUMN], AUTOCOMMIT);
  const row = Buffer.from('\0\0\x08xxxxxxxx', 'latin1');
  return Buffer.concat([head, encoder.packet(row), encoder.packet(row), encoder.terminator(AUTOCOMMIT)]);
})();

class Connection {
  private readonly packets = new PacketAssembler(MAX_COMMAND_BYTES);
  private isIn = false;
  private sending: RepeatedResult | null = null;
  private sentBytes = 0;

  constructor(private readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => this.onData(chunk));
    socket.on('drain', () => this.send());
    socket.on('error', () => socket.destroy());
    socket.write(GREETING);
  }

  private onData(chunk: Buffer): void {
    this.packets.push(chunk);
    for (let packet = this.packets.next(); packet !== null; packet = this.packets.next()) this.answer(packet);
  }

  private answer({ payload }: Packet): void {
    if (!this.isIn) {
      this.isIn = true;
      this.socket.write(WELCOME);
      return;
    }
    switch (payload[0]) {
      case Command.QUIT:
        this.socket.end();
        break;
      case Command.QUERY:
        this.begin(resultOf(payload.toString('latin1', 1)));
        break;
      case Command.STMT_PREPARE:
        this.socket.write(PREPARED);
        break;
      case Command.STMT_EXECUTE:
        this.socket.write(EXECUTED);
        break;
      default:
        this.socket.write(new ResponseEncoder(CAPABILITIES, 1).ok(AUTOCOMMIT));
    }
  }

  private begin(result: RepeatedResult): void {
    this.socket.write(result.head);
    if (result.periods === 0) return;
    this.sending = result;
    this.sentBytes = 0;
    this.send();
  }

  /** Writes more until the socket is full. */
  private send(): void {
    while (this.sending !== null && !this.socket.writableNeedDrain) {
      const { period, periods, tail } = this.sending;
      const at = this.sentBytes % period.length;
      const block = period.subarray(at, at + WRITE_BYTES);
      this.sentBytes += block.length;
      this.socket.write(block);
      if (this.sentBytes < periods * period.length) continue;
      this.sending = null;
      this.socket.write(tail);
    }
  }
}

const listener = createServer({ noDelay: true }, (socket) => new Connection(socket));
listener.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  process.send?.((listener.address() as AddressInfo).port);
});
process.on('disconnect', () => process.exit());
