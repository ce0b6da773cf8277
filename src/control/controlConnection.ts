import { connect } from 'node:net';
import type { Place, Upstream } from '../config/config.js';
import { isSocketFile } from '../config/address.js';
import { Command } from '../protocol/commands.js';
import type { Greeting } from '../protocol/greeting.js';
import { EOF_PAYLOAD_BYTES, FirstByte } from '../protocol/packets.js';
import { encodeProxyHeader } from '../protocol/proxyHeader.js';
import { decodeTextRow, type TextRow } from '../protocol/textRow.js';
import { logIn, type Account } from './login.js';
import { PacketChannel, type Encrypt } from './packetChannel.js';
import { ServerRefusal } from './serverRefusal.js';

/** A connection of our own to the upstream server. Log in first; then it takes one statement at a time. */
export class ControlConnection {
  /** Known once logged in. */
  isMariadb = false;
  private readonly channel: PacketChannel;

  /** Begins to connect. */
  constructor(remote: Remote, private readonly settings: ControlSettings) {
    const { at, proxyProtocol } = remote;
    const socket = connect({ ...at, noDelay: true });
    // This one is not relayed for anybody.
    if (proxyProtocol !== 'off') socket.write(encodeProxyHeader(proxyProtocol, null));
    this.channel = new PacketChannel(socket, isSocketFile(at));
  }

  /** Whether it can be used, as far as is known. */
  get isOpen(): boolean {
    return this.channel.isOpen;
  }

  /**
   * Waits for the connection and logs in.
   * @throws ServerRefusal where the server says no; Error where it cannot be reached or talked to, or is too
   *   slow. The connection is destroyed then
   */
  async logIn(): Promise<void> {
    const { account, connectTimeoutMs, encrypt } = this.settings;
    try {
      const work = (): Promise<Greeting> => logIn(this.channel, account, encrypt);
      this.isMariadb = (await this.channel.within(connectTimeoutMs, 'let us in', work)).isMariadb;
    } catch (error) {
      this.channel.fail(asError(error));
      throw error;
    }
  }

  /**
   * Runs a statement and gives the rows of its result, none where it has no result.
   * @throws ServerRefusal where the server answers with an error; Error where it does not answer in time or
   *   not in a way that can be understood: then the connection is destroyed
   */
  async query(sql: string): Promise<TextRow[]> {
    try {
      return await this.channel.within(this.settings.answerTimeoutMs, 'answer', () => this.run(sql));
    } catch (error) {
      if (!(error instanceof ServerRefusal)) this.channel.fail(asError(error));
      throw error;
    }
  }

  /** Takes leave of the server and closes. */
  quit(): void {
    this.channel.close(Buffer.from([Command.QUIT]));
  }

  /** Destroys it: whoever waits for an answer gets `reason`. */
  destroy(reason: string): void {
    this.channel.fail(new Error(reason));
  }

  private async run(sql: string): Promise<TextRow[]> {
    this.channel.startCommand(Buffer.concat([Buffer.from([Command.QUERY]), Buffer.from(sql)]));
    const first = await this.receive();
    if (first[0] === FirstByte.OK) return [];
    const columnCount = first[0] ?? 0;
    const isUnderstood = first.length === 1 && columnCount >= 1 && columnCount <= MAX_COLUMNS;
    if (!isUnderstood) throw new Error('the server sent a result that is not understood');
    for (let i = 0; i < columnCount; i += 1) await this.receive();
    if (!isEof(await this.receive())) throw new Error('the server sent more columns than it announced');
    return this.readRows(columnCount);
  }

  private async readRows(columnCount: number): Promise<TextRow[]> {
    const rows: TextRow[] = [];
    for (;;) {
      const payload = await this.receive();
      if (isEof(payload)) return rows;
      const row = decodeTextRow(payload, columnCount);
      if (row === null) throw new Error('the server sent a row that is not understood');
      if (rows.length === MAX_ROWS) throw new Error('the server sent more rows than there can be');
      rows.push(row);
    }
  }

  /** The next packet's payload, unless it is an ERR packet: nothing else begins with its first byte here. */
  private async receive(): Promise<Buffer> {
    const payload = await this.channel.receive();
    if (payload[0] === FirstByte.ERR) throw new ServerRefusal(payload);
    return payload;
  }
}

/** An upstream server, as a session is connected to it. */
export interface Remote {
  readonly at: Place;
  readonly proxyProtocol: Upstream['proxyProtocol'];
  /** How connections to it are encrypted; null where they are not. */
  readonly encrypt: Encrypt | null;
}

/** How a control connection is made. */
export interface ControlSettings {
  readonly account: Account;
  /** For all of connecting, encrypting and logging in. */
  readonly connectTimeoutMs: number;
  /** For the whole answer to one statement. */
  readonly answerTimeoutMs: number;
  /** Puts TLS on the connection; null leaves it in the clear. */
  readonly encrypt: Encrypt | null;
}

/** What is asked here has few columns and one row. */
const MAX_COLUMNS = 16;
const MAX_ROWS = 16;

function isEof(payload: Buffer): boolean {
  return payload[0] === FirstByte.EOF && payload.length === EOF_PAYLOAD_BYTES;
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
