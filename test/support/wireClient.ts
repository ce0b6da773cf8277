import type { Packet } from '../../src/demo/packetAssembler.js';
import { decodeAuthSwitch, startAuth, type AuthExchange } from '../../src/protocol/auth/exchange.js';
import { Capability, commonHalf, mariadbHalf } from '../../src/protocol/capabilities.js';
import { Command } from '../../src/protocol/commands.js';
import { compressionOf } from '../../src/protocol/compression.js';
import { decodeGreeting, type Greeting } from '../../src/protocol/greeting.js';
import { encodeLenencString } from '../../src/protocol/lenenc.js';
import { AnswerReader, type Counterpart, type Part, type ResultPart, textValues } from './answerReader.js';
import { attributedQuery, close, prepare, query } from './commandPayloads.js';
import { ConnectionClosedError, WireTransport } from './wireTransport.js';

// A client that sends to real servers what no program does: any capability, any command, in any order. It knows where
// each answer ends.

/** The capabilities of nearly every client; a test adds its own. */
export const BASE_CAPABILITIES = Capability.LONG_PASSWORD | Capability.LONG_FLAG | Capability.CONNECT_WITH_DB
  | Capability.LOCAL_FILES | Capability.PROTOCOL_41 | Capability.TRANSACTIONS | Capability.SECURE_CONNECTION
  | Capability.MULTI_STATEMENTS | Capability.MULTI_RESULTS | Capability.PS_MULTI_RESULTS | Capability.PLUGIN_AUTH
  | Capability.CONNECT_ATTRS;

export interface WireLogin {
  readonly port: number;
  /** The path of a Unix socket in place of the port. */
  readonly socket?: string;
  readonly user: string;
  readonly password: string;
  readonly schema: string;
  /** Capabilities that it asks for if the server offers them. */
  readonly capabilities: bigint;
  /** Capabilities that it asks for even when the server does not offer them. */
  readonly overreaching?: bigint;
  readonly attributes?: Readonly<Record<string, string>>;
  /** The number of the collation that it asks for; utf8mb4_general_ci by default. */
  readonly collation?: number;
}

export interface AskOptions {
  /** Contents of the files that the server asks for, in order, each in packets; further files are empty. */
  readonly files?: readonly (readonly Buffer[])[];
  /** The proof of a password when a CHANGE_USER asks for one. */
  readonly password?: string;
}

const EMPTY = Buffer.alloc(0);
const ZSTD_LEVEL = 3;

export class WireClient {
  private constructor(
    readonly transport: WireTransport,
    readonly greeting: Greeting,
    /** The capabilities that it asked for. */
    readonly capabilities: bigint,
    private readonly login: WireLogin,
  ) {
    this.reader = new AnswerReader(transport, capabilities & greeting.capabilities, greeting.isMariadb);
  }

  /** The id of the statement that was prepared last. */
  statementId = 0;
  private readonly reader: AnswerReader;

  /** Connects and logs in. Throws when the server refuses. */
  static async connect(login: WireLogin): Promise<WireClient> {
    const transport = await WireTransport.connect(login.socket ?? login.port);
    const { payload } = await transport.packet();
    const greeting = decodeGreeting(payload);
    if (greeting === null) throw new Error(`no greeting: ${payload.toString('latin1')}`);
    const capabilities = (login.capabilities & greeting.capabilities) | (login.overreaching ?? 0n);
    const client = new WireClient(transport, greeting, capabilities, login);
    const { authPlugin, scramble } = greeting;
    const exchange = client.exchange(authPlugin, scramble, login.password);
    transport.send(handshakeResponse(login, capabilities, authPlugin, exchange.firstAnswer), 1);
    await client.authenticate(exchange);
    const compression = compressionOf(capabilities & greeting.capabilities);
    if (compression !== null) transport.beginFrames(compression);
    return client;
  }

  has(capability: bigint): boolean {
    return (this.capabilities & this.greeting.capabilities & capability) !== 0n;
  }

  /** A COM_QUERY in the form of the capabilities in effect. */
  query(sql: string): Buffer {
    return this.has(Capability.QUERY_ATTRIBUTES) ? attributedQuery(sql) : query(sql);
  }

  /** Sends commands in one write and reads their answers. The last part says when the server closes. */
  async ask(commands: readonly Buffer[], options: AskOptions = {}): Promise<Part[]> {
    this.transport.sendCommands(commands);
    return this.answers(commands, options);
  }

  /** Reads the answers to commands that have been sent. */
  async answers(commands: readonly Buffer[], options: AskOptions = {}): Promise<Part[]> {
    const parts: Part[] = [];
    const counterpart = this.counterpart(options);
    try {
      for (const command of commands) await this.reader.read(command, counterpart, parts);
    } catch (error) {
      if (!(error instanceof ConnectionClosedError)) throw error;
      parts.push({ is: 'closed' });
    }
    for (const part of parts) if (part.is === 'prepared') this.statementId = part.id;
    return parts;
  }

  /** Runs a statement as text. Returns the last result's rows as text; throws when the server refuses the statement. */
  async sql(statement: string): Promise<(string | null)[][]> {
    const parts = await this.ask([this.query(statement)]);
    const failed = parts.find(({ is }) => is === 'error' || is === 'closed');
    if (failed !== undefined) throw new Error(`${statement.slice(0, 200)}: ${JSON.stringify(failed)}`);
    const result = parts.filter((part): part is ResultPart => part.is === 'result').at(-1);
    return (result?.rows ?? []).map(textValues);
  }

  /** Runs PREPARE, `use` with the statement's id, and CLOSE. Returns all answers. */
  async withStatement(sql: string, use: (id: number) => Promise<Part[]>): Promise<Part[]> {
    const prepared = await this.ask([prepare(sql)]);
    if (prepared[0]?.is !== 'prepared') return prepared;
    const used = await use(prepared[0].id);
    await this.ask([close(prepared[0].id)]);
    return [...prepared, ...used];
  }

  /** Says COM_QUIT, unless the server has closed already, and waits until the connection is closed. */
  async quit(): Promise<void> {
    if (!this.transport.hasEnded) this.transport.sendCommands([Buffer.from([Command.QUIT])]);
    this.transport.socket.end();
    await this.transport.closed();
  }

  /** Resets the connection. */
  destroy(): void {
    this.transport.socket.destroy();
  }

  private counterpart({ files = [], password = this.login.password }: AskOptions): Counterpart {
    const left = [...files];
    let exchange: AuthExchange | null = null;
    return {
      upload: (first) => {
        let sequenceId = first;
        for (const packet of [...(left.shift() ?? []), EMPTY]) sequenceId = this.transport.send(packet, sequenceId);
      },
      authenticate: (packet) => {
        exchange = this.authStep(packet, exchange, password);
      },
    };
  }

  private async authenticate(begun: AuthExchange): Promise<void> {
    let exchange: AuthExchange = begun;
    for (;;) {
      const packet = await this.transport.packet();
      if (packet.payload[0] === 0x00) return;
      if (packet.payload[0] === 0xff) throw new Error(`not let in: ${packet.payload.toString('latin1', 3)}`);
      exchange = this.authStep(packet, exchange, this.login.password);
    }
  }

  /** Answers an AuthSwitchRequest or an AuthMoreData. Returns the exchange that continues. */
  private authStep({ payload, sequenceId }: Packet, under: AuthExchange | null, password: string): AuthExchange {
    if (payload[0] === 0xfe) {
      const { plugin, nonce } = decodeAuthSwitch(payload);
      const exchange = this.exchange(plugin, nonce, password);
      this.transport.send(exchange.firstAnswer, sequenceId + 1);
      return exchange;
    }
    if (under === null) throw new Error(`more data of no exchange: ${payload.toString('hex')}`);
    const answer = under.answer(payload.subarray(1));
    if (answer !== null) this.transport.send(answer, sequenceId + 1);
    return under;
  }

  private exchange(plugin: string, nonce: Buffer, password: string): AuthExchange {
    const exchange = startAuth({ plugin, nonce }, { password: Buffer.from(password), isConfidential: false });
    if (exchange === null) throw new Error(`no plugin ${plugin}`);
    return exchange;
  }
}

const handshakeResponse = (login: WireLogin, capabilities: bigint, plugin: string, authResponse: Buffer): Buffer => {
  const fixed = Buffer.alloc(32);
  fixed.writeUInt32LE(commonHalf(capabilities), 0);
  fixed.writeUInt32LE(0x4000_0000, 4); // the largest packet
  fixed[8] = login.collation ?? 45;
  if ((capabilities & Capability.LONG_PASSWORD) === 0n) fixed.writeUInt32LE(mariadbHalf(capabilities), 28);
  const nul = (text: string): Buffer => Buffer.from(`${text}\0`);
  const attributes = Object.entries(login.attributes ?? {}).flat().map(encodeLenencString);
  return Buffer.concat([
    fixed, nul(login.user), Buffer.from([authResponse.length]), authResponse,
    ...(capabilities & Capability.CONNECT_WITH_DB ? [nul(login.schema)] : []), nul(plugin),
    ...(capabilities & Capability.CONNECT_ATTRS ? [encodeLenencString(Buffer.concat(attributes))] : []),
    ...(capabilities & Capability.ZSTD_COMPRESSION_ALGORITHM ? [Buffer.from([ZSTD_LEVEL])] : []),
  ]);
};
