import { connect, type Socket } from 'node:net';
import { Capability, commonHalf } from '../../src/protocol/capabilities.js';
import { Command } from '../../src/protocol/commands.js';
import { encodePacket } from '../../src/protocol/framing.js';
import { decodeGreeting } from '../../src/protocol/greeting.js';
import { decodeErr, FirstByte } from '../../src/protocol/packets.js';
import { PacketAssembler } from '../../src/demo/packetAssembler.js';
import { ResultEnd, type ResponseKind } from './resultEnd.js';

/** The account of the load at real servers. It has no password, so that a login is two packets. */
export const LOAD_USER = 'bench';
export const LOAD_SCHEMA = 'shop';

const CAPABILITIES = commonHalf(
  Capability.LONG_PASSWORD | Capability.CONNECT_WITH_DB | Capability.PROTOCOL_41 | Capability.TRANSACTIONS |
  Capability.SECURE_CONNECTION | Capability.PLUGIN_AUTH,
);
const MAX_PACKET_BYTES = 1024 ** 3;
const COLLATION_UTF8MB4_GENERAL_CI = 45;

/**
 * The memory that all sessions of this process read into. They only measure what they get, so that they may overwrite
 * it.
 */
const READ_BUFFER = Buffer.allocUnsafeSlow(1024 * 1024);

/** A response that a session waits for. */
interface Awaited {
  /** Takes the next bytes; returns true at the end of the response. */
  readonly take: (chunk: Buffer, length: number) => boolean;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * A client that costs as little as possible in Node.js. All clients read into one buffer. When the length of a
 * response is known, the client counts bytes instead of packets. (A real driver costs many times as much.)
 */
export class LoadSession {
  private readonly socket: Socket;
  private awaited: Awaited | null = null;
  private isClosed = false;

  private constructor(port: number) {
    this.socket = connect({
      port, host: '127.0.0.1', noDelay: true,
      onread: {
        buffer: READ_BUFFER,
        callback: (length) => {
          this.onRead(length);
          return true;
        },
      },
    });
    this.socket.on('error', (error) => this.fail(error));
    this.socket.on('end', () => this.fail(new Error('the connection was closed')));
    this.socket.on('close', () => {
      this.isClosed = true;
      this.fail(new Error('the connection was closed'));
    });
  }

  /** Connects and logs in. */
  static async open(port: number): Promise<LoadSession> {
    const session = new LoadSession(port);
    await session.logIn();
    return session;
  }

  /** Sends a command and waits until its response has ended. */
  async askOpenly(command: Buffer, kind: ResponseKind = 'result'): Promise<ResultEnd> {
    const end = new ResultEnd(kind);
    this.socket.write(command);
    await this.until((chunk, length) => end.feed(chunk, length));
    return end;
  }

  /** Sends a command and waits for the `responseBytes` that are known to answer it. */
  async ask(command: Buffer, responseBytes: number): Promise<void> {
    let left = responseBytes;
    this.socket.write(command);
    await this.until((_chunk, length) => (left -= length) <= 0);
    if (left < 0) throw new Error(`a response of ${responseBytes - left} bytes in place of ${responseBytes}`);
  }

  /** Sends a command, reads `bytes` of its response, and then no more. */
  async stall(command: Buffer, bytes: number): Promise<void> {
    let left = bytes;
    this.socket.write(command);
    await this.until((_chunk, length) => (left -= length) <= 0);
    this.socket.pause();
  }

  /** Says goodbye, and waits until the connection has ended. */
  async quit(): Promise<void> {
    if (this.isClosed) return;
    this.awaited = null;
    const closed = new Promise((resolve) => this.socket.once('close', resolve));
    this.socket.end(QUIT);
    await closed;
  }

  /** Ends the connection without COM_QUIT. */
  destroy(): void {
    this.socket.destroy();
  }

  private async logIn(): Promise<void> {
    const packets = new PacketAssembler(MAX_PACKET_BYTES);
    await this.until((chunk, length) => {
      packets.push(Buffer.from(chunk.subarray(0, length)));
      for (let packet = packets.next(); packet !== null; packet = packets.next()) {
        const { payload, sequenceId } = packet;
        if (payload[0] === FirstByte.OK) return true;
        if (payload[0] === FirstByte.ERR) throw new Error(`refused: ${decodeErr(payload).message}`);
        // The server asks for another plugin. An empty password is an empty answer for each of them.
        const isGreeting = sequenceId === 0;
        this.socket.write(encodePacket(sequenceId + 1, isGreeting ? answerTo(payload) : NO_BYTES));
      }
      return false;
    });
  }

  private until(take: Awaited['take']): Promise<void> {
    return new Promise((resolve, reject) => {
      this.awaited = { take, resolve, reject };
      if (this.isClosed) this.fail(new Error('the connection is closed'));
    });
  }

  private onRead(length: number): void {
    const { awaited } = this;
    if (awaited === null) return;
    try {
      if (!awaited.take(READ_BUFFER, length)) return;
      this.awaited = null;
      awaited.resolve();
    } catch (error) {
      this.fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  private fail(error: Error): void {
    const { awaited } = this;
    this.awaited = null;
    awaited?.reject(error);
  }
}

/** A COM_QUERY. */
export const queryPacket = (sql: string): Buffer =>
  encodePacket(0, Buffer.concat([Buffer.from([Command.QUERY]), Buffer.from(sql)]));

/** A COM_STMT_PREPARE. */
export const preparePacket = (sql: string): Buffer =>
  encodePacket(0, Buffer.concat([Buffer.from([Command.STMT_PREPARE]), Buffer.from(sql)]));

const TYPE_LONGLONG = 8;

/** A COM_STMT_EXECUTE with one bound parameter, an integer. */
export const executePacket = (statementId: number): Buffer => {
  const payload = Buffer.alloc(22);
  payload[0] = Command.STMT_EXECUTE;
  payload.writeUInt32LE(statementId, 1);
  payload.writeUInt32LE(1, 6); // iterations
  payload[11] = 1; // after the bitmap of NULLs, the types follow
  payload[12] = TYPE_LONGLONG;
  payload.writeBigUInt64LE(42n, 14);
  return encodePacket(0, payload);
};

const NO_BYTES = Buffer.alloc(0);
const QUIT = encodePacket(0, Buffer.from([Command.QUIT]));
const ANSWERS = new Map<string, Buffer>();

/** The answer to a greeting; the same for all greetings that name the same plugin. */
const answerTo = (greetingPayload: Buffer): Buffer => {
  const plugin = decodeGreeting(greetingPayload)?.authPlugin ?? '';
  const known = ANSWERS.get(plugin);
  if (known !== undefined) return known;
  const fixed = Buffer.alloc(32);
  fixed.writeUInt32LE(CAPABILITIES, 0);
  fixed.writeUInt32LE(MAX_PACKET_BYTES, 4);
  fixed[8] = COLLATION_UTF8MB4_GENERAL_CI;
  const answer = Buffer.concat([fixed, Buffer.from(`${LOAD_USER}\0\0${LOAD_SCHEMA}\0${plugin}\0`)]);
  ANSWERS.set(plugin, answer);
  return answer;
};
