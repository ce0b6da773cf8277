import type { Packet } from '../../../src/demo/packetAssembler.js';
import { Capability } from '../../../src/protocol/capabilities.js';
import { Command } from '../../../src/protocol/commands.js';
import { compressionOf } from '../../../src/protocol/compression.js';
import { encodePacket } from '../../../src/protocol/framing.js';
import { Status } from '../../../src/protocol/status.js';
import { err, greetingPayload, ok } from '../../support/wirePackets.js';
import type { ConnectionLedger, Exchange } from '../ledger.js';
import { PacketWire } from '../packetWire.js';
import type { NetEnd } from '../world/netEnd.js';
import { TLS_CLIENT_HELLO, TLS_SERVER_HELLO } from '../world/tlsStage.js';
import { CommandRunner } from './commandRunner.js';
import { answerControl } from './controlAnswers.js';
import { Sender } from './sender.js';
import { asksForTls, authSwitch, FAST_AUTH, offerOf, readLogin, textAt, VERSIONS } from './serverLogin.js';
import { KILLER, type ServerModel } from './serverModel.js';

/** One connection of a server: logs a user in, then runs one command after the other. */
export class ServerConnection {
  readonly wire: PacketWire;
  readonly sender: Sender;
  user = '';
  deprecatesEof = false;
  statusFlags: number = Status.AUTOCOMMIT;
  /** The client's connection that it stands for; null for a connection of Sluice's own. */
  ledger: ConnectionLedger | null = null;
  /** The command that it runs; null while it is idle. */
  current: Exchange | null = null;
  isBusy = false;
  isClosed = false;
  /** The next packets of the client answer a request, and are no commands; null if the server has asked for nothing. */
  private asking: 'file' | 'proof' | null = null;
  private readonly asked: Packet[] = [];
  private awaits: ((packet: Packet | null) => void) | null = null;
  private phase: 'login' | 'commands' = 'login';
  private readonly commands: { readonly payload: Buffer, readonly frames: number }[] = [];
  private readonly runner: CommandRunner;
  private hasPeerEnded = false;
  private isLeaving = false;
  private incomingFrames = 0;
  private isEncrypted = false;
  /** The packets that came before the greeting was sent; null afterwards. */
  private early: Packet[] | null = [];

  constructor(
    readonly server: ServerModel, readonly id: number, readonly end: NetEnd, private readonly gone: () => void,
  ) {
    const { stage, plan } = server;
    this.wire = new PacketWire(stage.random(`${server.name} frames ${id}`), {
      framed: (number) => this.framed(number), packet: (packet) => this.packet(packet),
    });
    this.sender = new Sender(this);
    this.runner = new CommandRunner(this);
    end.onBytes = (bytes) => this.wire.push(bytes);
    end.onEnd = () => this.peerEnded();
    end.onClosed = () => this.closed();
    stage.after(plan.greetAfterMs, () => this.greet());
  }

  /** The client's address, as a process list shows it. */
  get host(): string {
    return `${this.end.remoteAddress}:${this.end.remotePort}`;
  }

  /** Asks the client for a file, up to an empty packet, or for one packet of an authentication. */
  asks(what: 'file' | 'proof'): void {
    this.asking = what;
  }

  /** Waits for the next packet of the client that answers a request; null if none comes any more. */
  next(): Promise<Packet | null> {
    const packet = this.asked.shift();
    if (packet !== undefined) return Promise.resolve(packet);
    if (this.isClosed || this.hasPeerEnded) return Promise.resolve(null);
    return new Promise((resolve) => (this.awaits = resolve));
  }

  write(packets: Buffer): void {
    if (!this.isClosed) this.end.write(this.wire.encode(packets));
  }

  /** KILL QUERY: hits the statement that is running, and none that comes later. */
  kill(): void {
    const { current, server: { stage: { news, nowMs } } } = this;
    news.tell(`${this.server.name} kills ${current === null ? 'nothing: the connection is idle' : current.name}`);
    if (current === null) return;
    current.killedAtMs ??= nowMs();
    news.note(`killed ${current.tag}`);
    this.sender.kill();
  }

  /** Resets the connection, because the server's process has died or an administrator has ended it. */
  reset(how: string): void {
    if (this.ledger !== null) this.ledger.serverEnd ??= how;
    this.end.reset();
    this.closed();
  }

  /** An idle connection gets an error, a busy one none; both end. */
  shutDown(): void {
    if (this.ledger !== null) this.ledger.serverEnd ??= 'shut down';
    if (!this.isBusy && this.phase === 'commands' && this.server.plan.kind === 'mysql') {
      this.write(encodePacket(0, err(1053, 'Server shutdown in progress')));
    }
    this.leave();
  }

  /** Closes the connection. What was written is still sent. */
  leave(): void {
    if (this.isClosed) return;
    this.end.end();
    this.closed();
  }

  /** Closes the connection at once: what the kernel has still goes out. */
  abandon(): void {
    this.end.close();
    this.closed();
  }

  private greet(): void {
    const { plan } = this.server;
    if (this.isClosed) return;
    const greeting = { version: VERSIONS[plan.kind], capabilities: offerOf(plan), connectionId: this.id };
    this.write(encodePacket(0, greetingPayload(greeting)));
    const early = this.early ?? [];
    this.early = null;
    for (const packet of early) this.packet(packet);
  }

  private packet(packet: Packet): void {
    if (this.isClosed) return;
    if (this.early !== null) this.early.push(packet);
    else if (this.asking !== null) this.answered(packet);
    else if (this.phase === 'login') void this.logIn(packet);
    else {
      this.commands.push({ payload: packet.payload, frames: this.incomingFrames });
      if (!this.isBusy) void this.work();
    }
  }

  private answered(packet: Packet): void {
    const { awaits } = this;
    if (this.asking === 'proof' || packet.payload.length === 0) this.asking = null;
    this.awaits = null;
    if (awaits === null) this.asked.push(packet);
    else awaits(packet);
  }

  private async logIn({ payload, sequenceId }: Packet): Promise<void> {
    const { plan, stage } = this.server;
    if (asksForTls(payload)) return this.encrypt();
    const login = readLogin(payload);
    const agreed = login.capabilities & offerOf(plan);
    this.user = login.user;
    this.ledger = stage.ledger.ofUser(login.user);
    if (this.ledger !== null) this.ledger.isEncrypted.server = this.isEncrypted;
    const isControl = login.user === KILLER.user;
    const isDenied = isControl ? plan.control.deniesLogin : this.ledger === null || plan.login === 'denied';
    let next = sequenceId + 1;
    if (plan.login === 'switch' || isDenied) {
      this.asks('proof');
      this.write(encodePacket(next, authSwitch()));
      const answer = await this.next();
      if (answer === null) return;
      next = answer.sequenceId + 1;
    } else if (plan.login === 'fast' && !isControl) {
      this.write(encodePacket(next, FAST_AUTH));
      next += 1;
    }
    if (this.isClosed) return;
    if (isDenied) {
      this.write(encodePacket(next, err(1045, `Access denied for user '${login.user}'`)));
      if (this.ledger !== null) this.ledger.serverEnd = 'denied';
      return this.leave();
    }
    if (this.ledger !== null) {
      this.ledger.connectionId = this.id;
      this.ledger.serverIndex = this.server.index;
    }
    this.deprecatesEof = (agreed & Capability.DEPRECATE_EOF) !== 0n;
    this.phase = 'commands';
    this.write(encodePacket(next, ok(this.statusFlags)));
    this.wire.loggedIn();
    const compression = compressionOf(agreed);
    if (compression !== null) this.wire.compress(compression);
  }

  /** Continues inside TLS: the client's hello comes next. */
  private encrypt(): void {
    const { name, stage: { violations } } = this.server;
    this.wire.awaitHello(TLS_CLIENT_HELLO, (isWell) => {
      if (!isWell) violations.add('login', `${name} got something else than a hello of TLS`);
      this.isEncrypted = true;
      this.end.write(TLS_SERVER_HELLO);
    });
  }

  private async work(): Promise<void> {
    this.isBusy = true;
    for (let command = this.commands.shift(); command !== undefined; command = this.commands.shift()) {
      if (this.isClosed) return;
      this.wire.frameNumber = command.frames;
      if (command.payload[0] === Command.QUIT) {
        if (this.ledger !== null) this.runner.exchangeOf(command.payload);
        return this.leave();
      }
      if (this.ledger === null) await answerControl(this, command.payload);
      else await this.runner.run(command.payload);
      this.current = null;
    }
    this.isBusy = false;
    if (this.hasPeerEnded || this.isLeaving) this.leave();
  }

  /** A command begins with frame 0; frames of a file or an authentication continue the server's count. */
  private framed(number: number): void {
    const isCommand = this.asking === null;
    const expected = isCommand ? (number === 0 ? 0 : this.incomingFrames) : this.wire.frameNumber;
    if (number !== (expected & 0xff)) {
      const text = `${this.user} at ${this.server.name}: frame ${number} in place of ${expected & 0xff}`;
      this.server.stage.violations.add('frame numbers', text);
    }
    if (isCommand) this.incomingFrames = number + 1;
    else this.wire.frameNumber = number + 1;
  }

  /** A change of user keeps the connection and its ledger. */
  changeUser(payload: Buffer): void {
    this.user = textAt(payload, 1);
  }

  private peerEnded(): void {
    this.hasPeerEnded = true;
    this.awaits?.(null);
    if (!this.isBusy) this.leave();
  }

  private closed(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.awaits?.(null);
    this.sender.close();
    this.gone();
  }
}
