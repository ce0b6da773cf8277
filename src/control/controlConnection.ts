import type { Place, Upstream } from '../config/config.js';
import { isSocketFile } from '../config/address.js';
import { Command } from '../protocol/commands.js';
import type { Greeting } from '../protocol/greeting.js';
import { EOF_PAYLOAD_BYTES, FirstByte } from '../protocol/packets.js';
import { encodeProxyHeader } from '../protocol/proxyHeader.js';
import { decodeTextRow, type TextRow } from '../protocol/textRow.js';
import { logIn, type Account, type Greeted } from './login.js';
import { PacketChannel, type Encrypt } from './packetChannel.js';
import { ServerRefusal } from './serverRefusal.js';
import { asError } from '../text/errorText.js';
import { world } from '../world/world.js';

/** A connection of Sluice's own to the upstream server. After `logIn` it runs one statement at a time. */
export class ControlConnection {
  /** Valid after `logIn`. */
  isMariadb = false;
  private readonly channel: PacketChannel;

  /** Begins to connect. */
  constructor(remote: Remote, private readonly settings: ControlSettings) {
    const { at, proxyProtocol } = remote;
    const socket = world.connect({ ...at, noDelay: true });
    // This connection belongs to no client.
    if (proxyProtocol !== 'off') socket.write(encodeProxyHeader(proxyProtocol, null));
    this.channel = new PacketChannel(socket, isSocketFile(at));
  }

  /** Whether the connection can be used, as far as is known. */
  get isOpen(): boolean {
    return this.channel.isOpen;
  }

  /**
   * Waits for the connection and logs in.
   * @throws ServerRefusal if the server refuses; Error if it cannot be reached, cannot be understood or is too slow.
   * The connection is then destroyed.
   */
  async logIn(): Promise<void> {
    const { account, connectTimeoutMs, encrypt, greeted } = this.settings;
    try {
      const work = (): Promise<Greeting> => logIn(this.channel, account, encrypt, greeted);
      this.isMariadb = (await this.channel.within(connectTimeoutMs, 'complete the login', work)).isMariadb;
    } catch (error) {
      this.channel.fail(asError(error));
      throw error;
    }
  }

  /**
   * Runs a statement and returns the rows of its result; no rows if it has no result.
   * @throws ServerRefusal if the server answers with an error; Error if it does not answer in time or cannot be
   * understood. After an Error the connection is destroyed.
   */
  async query(sql: string): Promise<TextRow[]> {
    try {
      return await this.channel.within(this.settings.answerTimeoutMs, 'answer', () => this.run(sql));
    } catch (error) {
      if (!(error instanceof ServerRefusal)) this.channel.fail(asError(error));
      throw error;
    }
  }

  /** Sends COM_QUIT and closes. */
  quit(): void {
    this.channel.close(Buffer.from([Command.QUIT]));
  }

  /** Destroys the connection. Calls that wait for an answer fail with `reason`. */
  destroy(reason: string): void {
    this.channel.fail(new Error(reason));
  }

  private async run(sql: string): Promise<TextRow[]> {
    this.channel.startCommand(Buffer.concat([Buffer.from([Command.QUERY]), Buffer.from(sql)]));
    const first = await this.receive();
    if (first[0] === FirstByte.OK) return [];
    const columnCount = first[0] ?? 0;
    const isUnderstood = first.length === 1 && columnCount >= 1 && columnCount <= MAX_COLUMNS;
    if (!isUnderstood) throw new Error('the server sent a result that Sluice does not understand');
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
      if (row === null) throw new Error('the server sent a row that Sluice does not understand');
      if (rows.length === MAX_ROWS) throw new Error(`the server sent more than ${MAX_ROWS} rows`);
      rows.push(row);
    }
  }

  /** The payload of the next packet. Throws for an ERR packet; no other packet here begins with that byte. */
  private async receive(): Promise<Buffer> {
    const payload = await this.channel.receive();
    if (payload[0] === FirstByte.ERR) throw new ServerRefusal(payload);
    return payload;
  }
}

/** An upstream server and the way to connect to it. */
export interface Remote {
  readonly at: Place;
  readonly proxyProtocol: Upstream['proxyProtocol'];
  /** Encrypts connections to it; null if they are not encrypted. */
  readonly encrypt: Encrypt | null;
}

/** The settings of a control connection. */
export interface ControlSettings {
  readonly account: Account;
  /** The time for connecting, encrypting and logging in together. */
  readonly connectTimeoutMs: number;
  /** The time for the whole answer to one statement. */
  readonly answerTimeoutMs: number;
  /** Puts TLS on the connection; null leaves it in the clear. */
  readonly encrypt: Encrypt | null;
  /** Is called with the server's greeting. The login goes on once it has come back. */
  readonly greeted?: Greeted;
}

/** Sluice's own statements have results of a few columns and one row. */
const MAX_COLUMNS = 16;
const MAX_ROWS = 16;

function isEof(payload: Buffer): boolean {
  return payload[0] === FirstByte.EOF && payload.length === EOF_PAYLOAD_BYTES;
}
