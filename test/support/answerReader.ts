import type { Packet } from '../../src/demo/packetAssembler.js';
import { Capability } from '../../src/protocol/capabilities.js';
import { Command } from '../../src/protocol/commands.js';
import { MAX_PAYLOAD_BYTES } from '../../src/protocol/framing.js';
import { PacketReader } from '../../src/protocol/lenenc.js';
import { Status } from '../../src/protocol/status.js';

// Reads the answer to a command to its true end, as the protocol's documentation says. It is written apart from the
// proxy's own reader of responses, so that the two check each other.

export interface OkPart {
  /** An OK packet, or a packet that begins with 0xFE in the place of an EOF packet. */
  readonly is: 'ok' | 'end';
  readonly affectedRows: number;
  readonly insertId: number;
  readonly status: number;
  readonly warnings: number;
  /** The rest of the packet in hexadecimal: its message, and changes of the session's state. */
  readonly rest: string;
}
export interface EofPart {
  readonly is: 'eof';
  readonly status: number;
  readonly warnings: number;
}
export interface ErrorPart {
  readonly is: 'error';
  readonly code: number;
  readonly sqlState: string;
  readonly message: string;
}
export interface ResultPart {
  readonly is: 'result';
  readonly columns: number;
  /** Packets, one for each column; none when the server left them out. */
  readonly definitions: readonly Buffer[];
  readonly rows: readonly Buffer[];
  readonly metadataEnd: EofPart | null;
  readonly end: EofPart | OkPart | ErrorPart;
}
export interface PreparedPart {
  readonly is: 'prepared';
  readonly id: number;
  readonly columns: number;
  readonly parameters: number;
  readonly warnings: number;
  readonly definitions: readonly Buffer[];
}
/**
 * The bytes of any other packet: a request for a file, statistics as text, MariaDB's progress report, or a step of an
 * authentication.
 */
export interface BytesPart {
  readonly is: 'file' | 'text' | 'progress' | 'field' | 'authentication';
  readonly bytes: Buffer;
}
/** The server closed the connection before the end of its answer. */
export interface ClosedPart {
  readonly is: 'closed';
}
export type Part = OkPart | EofPart | ErrorPart | ResultPart | PreparedPart | BytesPart | ClosedPart;

/** The part of the connection that the reader needs. */
export interface AnswerSource {
  arrived(): Packet | null;
  packet(): Promise<Packet>;
}

/** Answers the server's requests in the middle of an answer: for a file, or for a proof of the user. */
export interface Counterpart {
  /** Sends the next file's content and the empty packet after it, with sequence ids from `sequenceId` on. */
  upload(sequenceId: number): void;
  /** Answers a packet of an authentication, if it needs an answer. */
  authenticate(packet: Packet): void;
}

const CURSOR_FLAGS = 0x07;
const PROGRESS_CODE = 0xffff;
const EOF_PAYLOAD_BYTES = 5;

export class AnswerReader {
  constructor(
    private readonly source: AnswerSource,
    /** The capabilities in effect. */
    private readonly capabilities: bigint,
    private readonly isMariadb: boolean,
  ) {}

  /**
   * Reads the answer to `command`.
   * @throws ConnectionClosedError when the connection ends first
   */
  async read(command: Buffer, counterpart: Counterpart, parts: Part[]): Promise<void> {
    switch (command[0]) {
      case Command.QUIT:
        return;
      case Command.STMT_CLOSE:
      case Command.STMT_SEND_LONG_DATA:
        if (this.answersMalformed(command)) parts.push(completion(await this.payload()));
        return;
      case Command.STATISTICS:
        parts.push(await this.text());
        return;
      case Command.FIELD_LIST:
        return this.fields(parts);
      case Command.STMT_FETCH:
        parts.push(await this.rows(0, [], null));
        return;
      case Command.STMT_PREPARE:
        parts.push(await this.prepared());
        return;
      case Command.CHANGE_USER:
        return this.authentication(counterpart, parts);
      case Command.QUERY:
      case Command.PROCESS_INFO:
      case Command.STMT_EXECUTE:
      case Command.STMT_BULK_EXECUTE:
        return this.results(command, counterpart, parts);
      default:
        parts.push(completion(await this.payload()));
    }
  }

  private has(capability: bigint): boolean {
    return (this.capabilities & capability) !== 0n;
  }

  /** MySQL answers a CLOSE or LONG_DATA that is too short with an ERR, MariaDB with nothing. */
  private answersMalformed(command: Buffer): boolean {
    return !this.isMariadb && command.length < (command[0] === Command.STMT_CLOSE ? 5 : 7);
  }

  private async payload(): Promise<Buffer> {
    return (this.source.arrived() ?? await this.source.packet()).payload;
  }

  private async payloads(count: number): Promise<Buffer[]> {
    const payloads: Buffer[] = [];
    while (payloads.length < count) payloads.push(await this.payload());
    return payloads;
  }

  private async results(command: Buffer, counterpart: Counterpart, parts: Part[]): Promise<void> {
    for (;;) {
      const { payload, sequenceId } = this.source.arrived() ?? await this.source.packet();
      if (payload[0] === 0xfb) {
        parts.push({ is: 'file', bytes: payload });
        counterpart.upload(sequenceId + 1);
        continue;
      }
      if (payload[0] === 0xff && payload.readUInt16LE(1) === PROGRESS_CODE && this.has(Capability.MARIADB_PROGRESS)) {
        parts.push({ is: 'progress', bytes: payload });
        continue;
      }
      const isResult = payload[0] !== 0x00 && payload[0]! < 0xfe;
      const part = isResult ? await this.result(payload, command) : completion(payload);
      parts.push(part);
      if (!isFollowed(part)) return;
    }
  }

  private async result(first: Buffer, command: Buffer): Promise<ResultPart> {
    const reader = new PacketReader(first, 0, first.length);
    const columns = reader.lenenc();
    const hasFlag = this.has(Capability.OPTIONAL_RESULTSET_METADATA) || this.has(Capability.MARIADB_CACHE_METADATA);
    const isBare = hasFlag && reader.uint(1) === 0;
    const definitions = await this.payloads(isBare ? 0 : columns);
    if (this.has(Capability.DEPRECATE_EOF)) return this.rows(columns, definitions, null);
    const metadataEnd = completion(await this.payload());
    // Opening a cursor can fail after the definitions.
    if (metadataEnd.is === 'error') {
      return { is: 'result', columns, definitions, rows: [], metadataEnd: null, end: metadataEnd };
    }
    if (metadataEnd.is !== 'eof') throw new Error(`definitions end in ${JSON.stringify(metadataEnd)}`);
    const wantsCursor = command[0] === Command.STMT_EXECUTE && (command[5]! & CURSOR_FLAGS) !== 0;
    const { status } = metadataEnd;
    const flags = status & (Status.CURSOR_EXISTS | Status.MORE_RESULTS_EXISTS | Status.PS_OUT_PARAMS);
    const isCursor = wantsCursor && flags === Status.CURSOR_EXISTS;
    if (isCursor) return { is: 'result', columns, definitions, rows: [], metadataEnd, end: metadataEnd };
    return this.rows(columns, definitions, metadataEnd);
  }

  private async rows(columns: number, definitions: Buffer[], metadataEnd: EofPart | null): Promise<ResultPart> {
    const rows: Buffer[] = [];
    for (;;) {
      const payload = await this.payload();
      const end = this.isEnd(payload) ? completion(payload) : null;
      if (end !== null) return { is: 'result', columns, definitions, rows, metadataEnd, end };
      rows.push(payload);
    }
  }

  /**
   * Whether a packet ends the rows. An end begins with 0xFE, as does a row whose first column has 2^24 bytes or more.
   */
  private isEnd(payload: Buffer): boolean {
    if (payload[0] === 0xff) return true;
    return payload[0] === 0xfe && payload.length < (this.has(Capability.DEPRECATE_EOF) ? MAX_PAYLOAD_BYTES : 9);
  }

  private async prepared(): Promise<PreparedPart | ErrorPart> {
    const payload = await this.payload();
    if (payload[0] === 0xff) return errorOf(payload);
    const id = payload.readUInt32LE(1);
    const columns = payload.readUInt16LE(5);
    const parameters = payload.readUInt16LE(7);
    const isBare = this.has(Capability.OPTIONAL_RESULTSET_METADATA) && payload[12] === 0;
    const definitions: Buffer[] = [];
    for (const count of [parameters, columns]) {
      if (count === 0) continue;
      const ends = this.has(Capability.DEPRECATE_EOF) ? 0 : 1;
      definitions.push(...await this.payloads((isBare ? 0 : count) + ends));
    }
    return { is: 'prepared', id, columns, parameters, warnings: payload.readUInt16LE(10), definitions };
  }

  private async fields(parts: Part[]): Promise<void> {
    for (;;) {
      const payload = await this.payload();
      const isEnd = this.isEnd(payload);
      parts.push(isEnd ? completion(payload) : { is: 'field', bytes: payload });
      if (isEnd) return;
    }
  }

  private async text(): Promise<BytesPart | ErrorPart> {
    const payload = await this.payload();
    return payload[0] === 0xff ? errorOf(payload) : { is: 'text', bytes: payload };
  }

  private async authentication(counterpart: Counterpart, parts: Part[]): Promise<void> {
    for (;;) {
      const packet = this.source.arrived() ?? await this.source.packet();
      const isEnd = packet.payload[0] === 0x00 || packet.payload[0] === 0xff;
      parts.push(isEnd ? completion(packet.payload) : { is: 'authentication', bytes: packet.payload });
      if (isEnd) return;
      counterpart.authenticate(packet);
    }
  }
}

/** Whether more answers follow this one: an error ends them all. */
const isFollowed = (part: Part): boolean => {
  if (part.is === 'ok' || part.is === 'eof' || part.is === 'end') {
    return (part.status & Status.MORE_RESULTS_EXISTS) !== 0;
  }
  if (part.is !== 'result' || part.end.is === 'error') return false;
  const statuses = part.end.status | (part.metadataEnd?.status ?? 0);
  // MySQL sends OUT parameters as a result whose end does not announce the OK packet that follows.
  return (part.end.status & Status.MORE_RESULTS_EXISTS) !== 0 || (statuses & Status.PS_OUT_PARAMS) !== 0;
};

const completion = (payload: Buffer): OkPart | EofPart | ErrorPart => {
  if (payload[0] === 0xff) return errorOf(payload);
  if (payload[0] === 0xfe && payload.length === EOF_PAYLOAD_BYTES) {
    return { is: 'eof', warnings: payload.readUInt16LE(1), status: payload.readUInt16LE(3) };
  }
  if (payload[0] !== 0x00 && payload[0] !== 0xfe) {
    throw new Error(`not an OK, EOF or ERR packet: ${payload.toString('hex', 0, 20)}`);
  }
  const reader = new PacketReader(payload, 1, payload.length);
  const [affectedRows, insertId, status, warnings] = [reader.lenenc(), reader.lenenc(), reader.uint(2), reader.uint(2)];
  const rest = payload.toString('hex', reader.offset);
  return { is: payload[0] === 0x00 ? 'ok' : 'end', affectedRows, insertId, status, warnings, rest };
};

const errorOf = (payload: Buffer): ErrorPart => {
  const hasState = payload[3] === 0x23;
  return {
    is: 'error', code: payload.readUInt16LE(1), sqlState: hasState ? payload.toString('latin1', 4, 9) : '',
    message: payload.toString('utf8', hasState ? 9 : 3),
  };
};

/** A text row's values as text; null for NULL. */
export const textValues = (row: Buffer): (string | null)[] => {
  const values: (string | null)[] = [];
  const reader = new PacketReader(row, 0, row.length);
  while (reader.left > 0) {
    const isNull = row[reader.offset] === 0xfb;
    if (isNull) reader.skip(1);
    values.push(isNull ? null : reader.lenencSlice().toString());
  }
  return values;
};
