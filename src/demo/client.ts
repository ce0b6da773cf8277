import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Capability, commonHalf } from '../protocol/capabilities.js';
import { Command } from '../protocol/commands.js';
import { encodePacket, HEADER_BYTES, MAX_PAYLOAD_BYTES } from '../protocol/framing.js';
import { decodeGreeting } from '../protocol/greeting.js';
import { encodeLenencString, PacketReader } from '../protocol/lenenc.js';
import { decodeErr, EOF_PAYLOAD_BYTES, FirstByte, type ServerError } from '../protocol/packets.js';
import { type Packet, PacketAssembler } from './packetAssembler.js';

/** A summary of a result, as far as it arrived. */
export interface ResultSummary {
  readonly rows: number;
  /** The bytes of the rows' packets, headers included. */
  readonly bytes: number;
  /** The hash of all rows' payloads in order, in hexadecimal. */
  readonly sha256: string;
  /** The values of the first row; null if there is none. */
  readonly firstRow: readonly (string | null)[] | null;
  /** The error that ended the result early. */
  readonly error: ServerError | null;
}

/**
 * Called after each row with the number of rows so far. While a promise that it returns is pending, nothing is read.
 * This is how the demo plays a slow reader.
 */
export type RowObserver = (rows: number) => Promise<void> | undefined;

/** The address to connect to, and the identity of the client. The password is empty. */
export interface ClientOptions {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly schema: string;
  /** The connection attribute `program_name`. */
  readonly program: string;
}

/** The server refused, or ended the connection. */
export class ClientError extends Error {
  constructor(
    message: string,
    /** The server's error; null if it sent none. */
    readonly serverError: ServerError | null,
  ) {
    super(message);
    this.name = 'ClientError';
  }
}

const CAPABILITIES =
  Capability.LONG_PASSWORD | Capability.CONNECT_WITH_DB | Capability.PROTOCOL_41 | Capability.TRANSACTIONS |
  Capability.SECURE_CONNECTION | Capability.PLUGIN_AUTH | Capability.CONNECT_ATTRS;

const MAX_PACKET_BYTES = 1024 ** 3;
const COLLATION_UTF8MB4_GENERAL_CI = 45;
const ROWS_PER_HASH = 256;

/**
 * A small client that shows the effect of a proxy on a result. It logs in without a password, sends text queries, and
 * reads row by row at a given pace.
 */
export class DemoClient {
  readonly #assembler = new PacketAssembler(MAX_PACKET_BYTES);
  readonly #chunks: AsyncIterator<Buffer>;

  private constructor(private readonly socket: Socket) {
    this.#chunks = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  /** Connects and logs in. Rejects with a ClientError if the server refuses. */
  static async connect(options: ClientOptions): Promise<DemoClient> {
    const socket = connect({ host: options.host, port: options.port, noDelay: true });
    await once(socket, 'connect');
    const client = new DemoClient(socket);
    try {
      await client.logIn(options);
    } catch (error) {
      socket.destroy();
      throw error;
    }
    return client;
  }

  /**
   * Sends a query and reads its only result to the end. Rejects with a ClientError if the server closes the connection,
   * and with the system's error if the connection breaks.
   */
  async query(sql: string, onRow?: RowObserver): Promise<ResultSummary> {
    this.send(0, Buffer.concat([Buffer.from([Command.QUERY]), Buffer.from(sql)]));
    const digest = new RowDigest();
    let rows = 0;
    let bytes = 0;
    let firstRow: ResultSummary['firstRow'] = null;
    const summary = (error: ServerError | null): ResultSummary => {
      return { rows, bytes, sha256: digest.end(), firstRow, error };
    };
    const { payload: head } = await this.packet();
    if (head[0] === FirstByte.ERR) return summary(decodeErr(head));
    if (head[0] === FirstByte.OK) return summary(null);
    while (!isEof((await this.packet()).payload)); // the column definitions
    for (;;) {
      const { payload } = this.#assembler.next() ?? (await this.packet());
      if (payload[0] === FirstByte.ERR) return summary(decodeErr(payload));
      if (isEof(payload)) return summary(null);
      rows += 1;
      bytes += payload.length + HEADER_BYTES * (Math.floor(payload.length / MAX_PAYLOAD_BYTES) + 1);
      digest.add(payload);
      firstRow ??= rowValues(payload);
      const pause = onRow?.(rows);
      if (pause !== undefined) await pause;
    }
  }

  /** Sends COM_QUIT; resolves when the connection has ended. */
  async close(): Promise<void> {
    if (this.socket.destroyed) return;
    this.send(0, Buffer.from([Command.QUIT]));
    this.socket.destroySoon();
    await once(this.socket, 'close');
  }

  private async logIn(options: ClientOptions): Promise<void> {
    const { payload, sequenceId } = await this.packet();
    const greeting = decodeGreeting(payload);
    if (greeting === null) throw refusal(payload);
    this.send(sequenceId + 1, handshakeResponse(options, greeting.authPlugin));
    for (;;) {
      const answer = await this.packet();
      const first = answer.payload[0];
      if (first === FirstByte.OK) return;
      // For every plugin that the demo server may switch to, an empty password is an empty answer.
      if (first === FirstByte.EOF) this.send(answer.sequenceId + 1, Buffer.alloc(0));
      else if (first !== FirstByte.AUTH_MORE_DATA) throw refusal(answer.payload);
    }
  }

  private send(sequenceId: number, payload: Buffer): void {
    this.socket.write(encodePacket(sequenceId, payload));
  }

  private async packet(): Promise<Packet> {
    for (;;) {
      const packet = this.#assembler.next();
      if (packet !== null) return packet;
      const { value, done } = await this.#chunks.next();
      if (done === true) throw new ClientError('the server closed the connection', null);
      this.#assembler.push(value);
    }
  }
}

/**
 * A checksum over rows. Many rows are hashed at a time, because one call for each row would cost more than its hash.
 */
class RowDigest {
  readonly #hash = createHash('sha256');
  #rows: Buffer[] = [];

  add(row: Buffer): void {
    this.#rows.push(row);
    if (this.#rows.length >= ROWS_PER_HASH) this.flush();
  }

  end(): string {
    this.flush();
    return this.#hash.digest('hex');
  }

  private flush(): void {
    this.#hash.update(Buffer.concat(this.#rows));
    this.#rows = [];
  }
}

function refusal(payload: Buffer): ClientError {
  const isErr = payload[0] === FirstByte.ERR;
  if (!isErr) return new ClientError('the server does not speak the MySQL protocol', null);
  const error = decodeErr(payload);
  return new ClientError(`the server refuses: ${error.code} ${error.message}`, error);
}

function isEof(payload: Buffer): boolean {
  return payload[0] === FirstByte.EOF && payload.length === EOF_PAYLOAD_BYTES;
}

function handshakeResponse({ user, schema, program }: ClientOptions, authPlugin: string): Buffer {
  const fixed = Buffer.alloc(32);
  fixed.writeUInt32LE(commonHalf(CAPABILITIES), 0);
  fixed.writeUInt32LE(MAX_PACKET_BYTES, 4);
  fixed[8] = COLLATION_UTF8MB4_GENERAL_CI;
  const noPassword = Buffer.from([0]);
  const attributes = Buffer.concat([encodeLenencString('program_name'), encodeLenencString(program)]);
  return Buffer.concat([
    fixed, Buffer.from(`${user}\0`), noPassword, Buffer.from(`${schema}\0${authPlugin}\0`),
    encodeLenencString(attributes),
  ]);
}

const NULL_IN_TEXT_ROW = 0xfb;

function rowValues(payload: Buffer): (string | null)[] {
  const reader = new PacketReader(payload, 0, payload.length);
  const values: (string | null)[] = [];
  while (reader.left > 0) {
    const isNull = payload[reader.offset] === NULL_IN_TEXT_ROW;
    if (isNull) reader.skip(1);
    values.push(isNull ? null : reader.lenencSlice().toString());
  }
  return values;
}
