import type { Socket } from 'node:net';
import { encodePacket } from '../protocol/framing.js';
import { encodeErr } from '../protocol/packets.js';
import { CommandPhase, type QueryHook, type Response } from './commands.js';
import { greetingPayload, ResponseEncoder } from './encode.js';
import {
  AUTH_PLUGIN, authSwitchPayload, type Login, newScramble, pluginToSwitchTo, readLogin, SERVER_CAPABILITIES,
  welcome,
} from './login.js';
import { type Packet, PacketAssembler, PacketTooLargeError } from './packetAssembler.js';
import { SqlError } from './sqlError.js';
import { MAX_ALLOWED_PACKET_BYTES, SERVER_VERSION } from './variables.js';
import { ServerErrors } from '../protocol/errorCodes.js';

/** The packet for which the connection waits. */
type Phase =
  | { readonly name: 'awaitingLogin' }
  | { readonly name: 'awaitingSwitchAnswer'; readonly login: Login }
  | { readonly name: 'commands'; readonly commands: CommandPhase; readonly capabilities: bigint };

/**
 * One client's connection. Packets come in, one response at a time goes out:
 *
 *     socket -> assembler -> phase -> response (a generator) -> pump -> socket
 *
 * The pump takes the next block of a response only when the socket has room. The socket is read only when the response
 * has gone out. A client that stops reading therefore stops the generator, and its further commands wait in the kernel.
 */
export class DemoConnection {
  #phase: Phase = { name: 'awaitingLogin' };
  #response: Response | null = null;
  readonly #assembler = new PacketAssembler(MAX_ALLOWED_PACKET_BYTES);
  readonly #scramble = newScramble();

  constructor(
    private readonly socket: Socket,
    private readonly connectionId: number,
    private readonly onQuery: QueryHook | undefined,
  ) {
    socket.on('data', (chunk: Buffer) => this.onData(chunk));
    // In a separate turn, so that a fast reader does not keep the other connections waiting.
    socket.on('drain', () => setImmediate(() => {
      this.pump();
      this.takePackets();
    }));
    socket.on('error', () => socket.destroy()); // the client has gone
    socket.write(encodePacket(0, greetingPayload({
      serverVersion: SERVER_VERSION,
      connectionId,
      capabilities: SERVER_CAPABILITIES,
      authPlugin: AUTH_PLUGIN,
      scramble: this.#scramble,
    })));
  }

  private onData(chunk: Buffer): void {
    this.#assembler.push(chunk);
    this.takePackets();
  }

  /** Answers the commands that have arrived, one after the other, until a response waits for the client to read. */
  private takePackets(): void {
    try {
      while (this.#response === null && this.socket.writable) {
        const packet = this.#assembler.next();
        if (packet === null) break;
        this.#response = this.respond(packet);
        this.pump();
      }
    } catch (error) {
      if (!(error instanceof PacketTooLargeError)) throw error;
      this.socket.end(encodeErr(1, { ...ServerErrors.NET_PACKET_TOO_LARGE, message: error.message }));
    }
    if (this.#response === null) this.socket.resume();
    else this.socket.pause();
  }

  /** Writes the response for as long as the socket takes it. */
  private pump(): void {
    if (this.#response === null || this.socket.destroyed) return;
    this.socket.cork();
    for (;;) {
      const next = this.#response.next();
      if (next.done === true) {
        this.#response = null;
        if (next.value === 'close') this.socket.end();
        break;
      }
      if (!this.socket.write(next.value)) break;
    }
    this.socket.uncork();
  }

  private respond(packet: Packet): Response {
    switch (this.#phase.name) {
      case 'awaitingLogin':
        return this.logIn(packet);
      case 'awaitingSwitchAnswer':
        return this.enter(this.#phase.login, packet);
      case 'commands':
        return this.command(this.#phase.commands, this.#phase.capabilities, packet);
    }
  }

  private *logIn(packet: Packet): Response {
    const login = readLogin(packet.payload);
    const encoder = new ResponseEncoder(login?.capabilities ?? SERVER_CAPABILITIES, packet.sequenceId + 1);
    if (login === null) {
      yield encoder.err(new SqlError(ServerErrors.HANDSHAKE_ERROR, 'Bad handshake'));
      return 'close';
    }
    const plugin = pluginToSwitchTo(login);
    if (plugin === null) return yield* this.enter(login, packet);
    this.#phase = { name: 'awaitingSwitchAnswer', login: { ...login, authPlugin: plugin } };
    yield encoder.packet(authSwitchPayload(plugin, this.#scramble));
    return 'continue';
  }

  private *enter(login: Login, packet: Packet): Response {
    const encoder = new ResponseEncoder(login.capabilities, packet.sequenceId + 1);
    const isSwitched = this.#phase.name === 'awaitingSwitchAnswer';
    const hasPassword = isSwitched ? packet.payload.length > 1 : login.hasPassword;
    const commands = new CommandPhase(this.connectionId, login, this.onQuery);
    this.#phase = { name: 'commands', commands, capabilities: login.capabilities };
    yield welcome({ authPlugin: login.authPlugin, hasPassword }, encoder);
    return 'continue';
  }

  private *command(commands: CommandPhase, capabilities: bigint, packet: Packet): Response {
    return yield* commands.respond(packet.payload, new ResponseEncoder(capabilities, packet.sequenceId + 1));
  }
}
