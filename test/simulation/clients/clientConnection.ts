import type { Packet } from '../../../src/demo/packetAssembler.js';
import { encodePacket } from '../../../src/protocol/framing.js';
import { decodeGreeting } from '../../../src/protocol/greeting.js';
import { decodeErr, FirstByte } from '../../../src/protocol/packets.js';
import { compressionOf } from '../../../src/protocol/compression.js';
import { command } from '../../support/commandPayloads.js';
import { Command } from '../../../src/protocol/commands.js';
import { type Asked, type ConnectionLedger, Exchange } from '../ledger.js';
import type { ClientPlan, Leaving, Reading, Step } from '../plan.js';
import type { Stage } from '../stage.js';
import { PacketWire } from '../packetWire.js';
import type { NetEnd } from '../world/netEnd.js';
import { takePacket } from './answerCheck.js';
import { agreedWith, answerGreeting } from './clientLogin.js';
import { Patience } from './patience.js';
import { performStep } from './steps.js';

/** One connection of a driver: logs in, sends commands, and checks each packet that comes. */
export class ClientConnection {
  readonly ledger: ConnectionLedger;
  isUsable = false;
  readonly end: NetEnd;
  readonly wire: PacketWire;
  private phase: 'login' | 'commands' | 'over' = 'login';
  /** The exchanges whose answers have not all come, the oldest first. */
  private readonly open: { readonly exchange: Exchange, readonly frames: number, readonly reading: Reading }[] = [];
  private nextFrame = 0;
  private hasHeadBegun = false;
  private takenBytes = 0;
  private pausesLeft = Infinity;
  private readonly patience: Patience;
  private agreed = 0n;

  constructor(readonly plan: ClientPlan, readonly stage: Stage, user: string) {
    this.end = stage.connect(plan.name);
    this.ledger = stage.ledger.open(plan.name, user, traitsOf(plan));
    this.ledger.clientPort = this.end.localPort;
    this.ledger.openedAtMs = stage.nowMs();
    this.wire = new PacketWire(stage.random(`${plan.name} frames`), {
      framed: (number) => this.framed(number), packet: (packet) => this.packet(packet),
    });
    this.patience = new Patience(stage, (what) => this.waitedInVain(what));
    this.end.onBytes = (bytes) => this.read(bytes);
    this.end.onEnd = () => this.serverEnded();
    this.end.onClosed = () => this.closed();
  }

  get name(): string {
    return this.ledger.user;
  }

  /** Waits for the end of the login. Returns whether commands may be sent. */
  async logIn(): Promise<boolean> {
    await this.patience.until(() => this.phase !== 'login', 'the login');
    return this.isUsable;
  }

  /** Carries out a step of a script, to the end of all its answers or of the connection. */
  perform(step: Exclude<Step, { readonly do: 'wait' }>): Promise<void> {
    return performStep(this, step);
  }

  /** Sends commands together. */
  async ask(commands: readonly AskedCommand[], reading: Reading): Promise<Exchange[]> {
    const { stage, ledger } = this;
    const bytes: Buffer[] = [];
    const exchanges = commands.map(({ what, payload }) => {
      const exchange = new Exchange(ledger, payload, what);
      ledger.exchanges.push(exchange);
      exchange.askedAtMs = stage.nowMs();
      this.wire.frameNumber = 0;
      bytes.push(this.wire.encode(encodePacket(0, payload), true));
      if (!what.isSilent) this.open.push({ exchange, frames: this.wire.frameNumber, reading });
      stage.news.tell(`${this.name} asks ${exchange.name}`);
      if (exchange.tag !== null) stage.news.note(`asked ${exchange.tag}`);
      return exchange;
    });
    this.pausesLeft = reading.pause?.times ?? 0;
    this.takenBytes = 0;
    this.patience.progress();
    this.end.write(Buffer.concat(bytes));
    await this.patience.until(() => exchanges.every(({ end, what }) => end !== null || what.isSilent), 'an answer');
    return exchanges;
  }

  /** Ends the connection, and waits until it is closed. */
  async leave(how: Leaving['how']): Promise<void> {
    if (this.phase === 'over') return;
    if (this.ledger.clientEnd === null) this.depart(how);
    await this.patience.until(() => this.ledger.isClosed, 'the end of the connection');
  }

  /** Sends packets in the middle of an exchange. */
  answer(exchange: Exchange, sequenceId: number, ...payloads: Buffer[]): void {
    this.wire.frameNumber = this.nextFrame;
    for (const payload of payloads) this.end.write(this.wire.encode(encodePacket(sequenceId++, payload)));
    this.nextFrame = this.wire.frameNumber;
    exchange.nextSequenceId = sequenceId & 0xff;
  }

  get compresses(): boolean {
    return this.wire.compresses;
  }

  private read(bytes: Buffer): void {
    if (this.phase === 'over') return;
    this.patience.progress();
    this.takenBytes += bytes.length;
    this.wire.push(bytes);
    this.pauseIfDue();
  }

  private pauseIfDue(): void {
    const [head] = this.open;
    const pause = head?.reading.pause ?? null;
    if (pause === null || this.patience.isPaused || this.takenBytes < pause.afterBytes || this.pausesLeft <= 0) return;
    head!.exchange.hasPaused = true;
    this.pausesLeft -= 1;
    this.takenBytes = 0;
    this.patience.isPaused = true;
    this.end.pause();
    this.stage.news.note(`paused ${head!.exchange.tag}`);
    this.stage.after(pause.ms, () => {
      this.patience.isPaused = false;
      this.patience.progress();
      if (!this.ledger.isClosed) this.end.resume();
    });
  }

  private packet(packet: Packet): void {
    if (this.phase === 'login') return this.loginPacket(packet);
    if (this.phase === 'over') return;
    const [head] = this.open;
    if (this.isFarewell(packet)) return this.stage.news.fact('world', 'unasked error');
    if (head === undefined) return this.unasked(packet);
    const { exchange, reading: { leaves } } = head;
    this.hasHeadBegun = true;
    takePacket(this, exchange, packet);
    if (exchange.end !== null) {
      this.open.shift();
      this.hasHeadBegun = false;
      this.patience.changed();
    } else if (leaves !== null && exchange.received >= leaves.afterPackets && this.ledger.clientEnd === null) {
      exchange.wasLeft = true;
      // A server that asks for a file would read a COM_QUIT as that file.
      const sendsFile = exchange.what.statement?.answers.some(({ kind }) => kind === 'file') === true;
      this.depart(sendsFile && leaves.how === 'quit' ? 'reset' : leaves.how);
    }
  }

  private loginPacket({ payload, sequenceId }: Packet): void {
    switch (payload[0]) {
      case FirstByte.ERR:
        this.ledger.refusal = decodeErr(payload).message;
        this.ledger.refusedAtMs = this.stage.nowMs();
        this.stage.news.tell(`${this.name} is not let in: ${this.ledger.refusal}`);
        this.hangUp();
        break;
      case FirstByte.OK:
        this.phase = 'commands';
        this.isUsable = this.ledger.isLoggedIn = true;
        this.begin();
        this.stage.news.note(`in ${this.plan.name}`);
        this.patience.changed();
        break;
      case FirstByte.EOF:
        this.end.write(encodePacket(sequenceId + 1, Buffer.alloc(20, 8)));
        break;
      case FirstByte.AUTH_MORE_DATA:
        break;
      default:
        this.greeted(payload);
    }
  }

  private greeted(payload: Buffer): void {
    const greeting = decodeGreeting(payload);
    if (greeting === null) return this.stage.violations.add('login', `${this.name} got a greeting that is none`);
    this.agreed = agreedWith(this.plan, greeting);
    answerGreeting(this, greeting, this.agreed);
  }

  /** The login has ended well: what was agreed on is in force. */
  private begin(): void {
    const compression = compressionOf(this.agreed);
    this.wire.loggedIn();
    if (compression !== null) this.wire.compress(compression);
    this.ledger.loggedInAtMs = this.stage.nowMs();
    const { traits, isEncrypted } = this.ledger;
    traits.add(compression === null ? 'plain' : 'compressed');
    if (compression === 'zstd') traits.add('zstd');
    if (isEncrypted.client) traits.add('TLS to the client');
    if (isEncrypted.server) traits.add('TLS to the server');
  }

  /** A server that shuts down sends an error to an idle client, which may just have sent a command. */
  private isFarewell({ payload }: Packet): boolean {
    return this.ledger.serverEnd !== null && payload[0] === FirstByte.ERR && decodeErr(payload).code === SHUTDOWN_CODE;
  }

  private unasked({ payload }: Packet): void {
    const text = `${this.name} got what it has not asked for: ${payload.toString('latin1', 0, 60)}`;
    this.stage.violations.add('in step', text);
  }

  private framed(number: number): void {
    const [head] = this.open;
    const expected = head === undefined ? number : this.hasHeadBegun ? this.nextFrame : head.frames;
    // The error of a server that shuts down may cross a command. Then its number continues no count.
    const mayCross = this.ledger.serverEnd !== null;
    if (number !== (expected & 0xff) && !mayCross) {
      const text = `${this.name}, ${head?.exchange.name}: frame ${number} in place of ${expected & 0xff}`;
      this.stage.violations.add('frame numbers', text);
    }
    this.hasHeadBegun = head !== undefined;
    this.nextFrame = number + 1;
  }

  private depart(how: Leaving['how']): void {
    this.isUsable = false;
    this.ledger.clientEnd = how;
    this.ledger.clientEndedAtMs ??= this.stage.nowMs();
    this.stage.news.tell(`${this.name} leaves (${how})`);
    this.stage.news.note(`left ${this.plan.name}`);
    if (how === 'reset') {
      this.end.reset();
      this.closed();
      return;
    }
    if (how === 'quit') {
      const what: Asked = { ...QUIT, isPipelined: this.open.length > 0 };
      this.ledger.exchanges.push(new Exchange(this.ledger, command(Command.QUIT), what));
      this.wire.frameNumber = 0;
      this.end.write(this.wire.encode(encodePacket(0, command(Command.QUIT))));
      this.ledger.hasQuit = true;
    }
    this.end.end();
  }

  private serverEnded(): void {
    this.stage.news.tell(`${this.name} is closed by the other end`);
    this.hangUp();
  }

  private hangUp(): void {
    this.end.end();
    this.over();
  }

  private closed(): void {
    this.ledger.isClosed = true;
    this.ledger.closedAtMs = Math.min(this.ledger.closedAtMs, this.stage.nowMs());
    this.over();
  }

  private over(): void {
    this.isUsable = false;
    this.ledger.clientEndedAtMs ??= this.stage.nowMs();
    this.phase = 'over';
    for (const { exchange } of this.open.splice(0)) {
      exchange.end = 'lost';
      exchange.overAtMs = this.stage.nowMs();
    }
    this.patience.changed();
  }

  private waitedInVain(what: string): void {
    const { ledger, stage } = this;
    const exchange = this.open[0]?.exchange ?? null;
    const isServersTurn = exchange !== null && exchange.arrivedAtMs !== null && !exchange.isAnswered;
    if (!ledger.wasDisturbed.client && !ledger.wasDisturbed.server && !isServersTurn && ledger.serverEnd === null) {
      const text = `${this.name} has waited in vain for ${what} (${exchange?.name ?? 'idle'})`;
      stage.violations.add('every wait ends', text);
    }
    stage.news.tell(`${this.name} gives up`);
    if (!ledger.isClosed) this.depart('reset');
  }
}

/** The error of a server that shuts down. */
const SHUTDOWN_CODE = 1053;

/** A command to send. */
export interface AskedCommand {
  readonly what: Asked;
  readonly payload: Buffer;
}

const QUIT: Asked = { name: 'quit', statement: null, execution: 0, isSilent: true, counts: false, isPipelined: false };

const traitsOf = ({ deprecatesEof }: ClientPlan): Set<string> => new Set([deprecatesEof ? 'deprecate-eof' : 'eof']);
