import { Command, CURSOR_TYPE_MASK, EXECUTE_FRONT_BYTES } from '../protocol/commands.js';
import { HEADER_BYTES, MAX_PAYLOAD_BYTES } from '../protocol/framing.js';
import { decodeChangeUser } from '../protocol/handshakeResponse.js';
import { PacketScanner, type Entry, type PacketStart } from '../protocol/packetScanner.js';
import { queryTextOffset } from '../protocol/query.js';
import { hasAttributes } from '../protocol/queryAttributes.js';
import type { ClientStop } from './clientStop.js';
import { newCommand, responseShape, type PendingCommand, type Usage } from './command.js';
import { CommandGate, type FrontReader, type RefusedCommand } from './commandGate.js';
import type { ConversationState } from './state.js';

/** Reads the packets of the client: its answer to the greeting, then its commands. */
export class ClientReader<U extends Usage = Usage> extends PacketScanner implements FrontReader<U> {
  /** Why the last scan stopped. */
  stopReason: ClientStop = 'none';
  /** The scanned bytes are those of a refused command: they do not go to the server. */
  isSwallowing = false;

  /** The command whose packet is passing. */
  private arriving: PendingCommand<U> | null = null;
  private commandCount = 0;
  private gates = 0;
  private readonly commandGate: CommandGate<U>;

  constructor(private readonly conversation: ConversationState<U>) {
    super();
    this.commandGate = new CommandGate(conversation, this);
  }

  /** The scan stopped before bytes that must not be forwarded yet. */
  get isStopped(): boolean {
    return this.stopReason === 'waiting' || this.stopReason === 'userChange';
  }

  /** Drops the packet of the refused command at which the scan stopped. */
  swallow(): void {
    this.isSwallowing = true;
  }

  /** Returns the refused command whose packet was dropped. */
  takeRefused(): RefusedCommand<U> {
    return this.commandGate.takeRefused();
  }

  override passAll(): void {
    super.passAll();
    this.arriving = null;
  }

  /** The command at the head of the queue has changed, or has arrived. */
  headChanged(): void {
    this.commandGate.headChanged();
  }

  /**
   * No further command may go to the server for now: the rest of a cut response is still being discarded, or an order
   * to kill could hit it.
   */
  get isGated(): boolean {
    return this.gates > 0;
  }

  /** Lets no further command pass, until as many calls of `ungate` have followed. */
  gate(): void {
    this.gates += 1;
  }

  ungate(): void {
    this.gates -= 1;
  }

  protected override beforeScan(): void {
    this.stopReason = 'none';
  }

  protected override begin(start: PacketStart): Entry {
    if (this.isSwallowing) return this.beginRefused(start);
    switch (this.conversation.phase) {
      case 'greeting':
        return this.stop('waiting'); // a client must not send before the greeting
      case 'response':
        return this.beginResponse(start);
      default:
        return this.beginPacket(start);
    }
  }

  protected override continue(start: PacketStart): Entry {
    if (this.isSwallowing) this.commandGate.sequenceId = start.sequenceId;
    return 'enter';
  }

  protected override packet(front: Buffer, packetBytes: number): boolean {
    const { arriving, conversation } = this;
    if (this.isSwallowing) {
      this.isSwallowing = false;
      this.countRequest(this.commandGate.passing, packetBytes);
      this.stopReason = 'swallowed';
      return false;
    }
    if (arriving !== null) {
      this.arriving = null;
      this.complete(arriving, front, packetBytes);
    } else if (conversation.isUploading) {
      const { head } = conversation.commands;
      if (head !== null) head.requestBytes += wireBytes(packetBytes);
      if (packetBytes === 0) conversation.isUploading = false; // an empty packet ends the file
    }
    return true;
  }

  private beginResponse(start: PacketStart): Entry {
    if (start.payloadLength > MAX_HANDSHAKE_BYTES) {
      return this.giveUp(start, 'an answer to the greeting that is too long');
    }
    const payloadEnd = start.at + HEADER_BYTES + start.payloadLength;
    if (start.end < payloadEnd) return 'wait';
    const problem = this.conversation.respond(start.chunk.subarray(start.at + HEADER_BYTES, payloadEnd));
    return problem === null ? 'enter' : this.giveUp(start, problem);
  }

  /** A command begins with sequence id 0. In an authentication and in an upload the ids of the client count on. */
  private beginPacket(start: PacketStart): Entry {
    const { conversation } = this;
    if (conversation.isUploading) return 'enter';
    if (start.sequenceId === 0) return this.beginCommand(start);
    const isAuthenticating =
      conversation.phase !== 'commands' || conversation.commands.tail?.shape === 'authentication';
    return isAuthenticating ? 'enter' : this.giveUp(start, 'a command whose sequence id is not 0');
  }

  private beginCommand(start: PacketStart): Entry {
    const { conversation } = this;
    if (this.isGated || conversation.commands.isFull || conversation.holdsCommands) return this.stop('waiting');
    const code = start.firstByte; // both servers read an empty packet as COM_SLEEP
    if (code === Command.CHANGE_USER && conversation.holdsUserChanges) return this.stop('userChange');
    const shape = this.shapeOf(code, start.payloadLength);
    const number = shape === 'none' ? this.commandCount : this.commandCount + 1;
    const command = newCommand<U>(code, shape, number, conversation.options.now());
    if (this.commandGate.concerns(code)) {
      const look = this.commandGate.look(start, command, this.judgedBytesOf(code));
      if (look !== 'pass') return look === 'wait' ? 'wait' : this.stop(look);
    }
    if (code === Command.QUIT) conversation.hasQuit = true;
    this.count(code, shape);
    this.arriving = command;
    this.want(this.frontBytesOf(code));
    if (shape !== 'none' || code === Command.STMT_CLOSE) conversation.commands.push(command);
    return 'enter';
  }

  private beginRefused(start: PacketStart): Entry {
    const { code, shape } = this.commandGate.passing;
    this.commandGate.sequenceId = start.sequenceId;
    this.count(code, shape);
    return 'enter';
  }

  private count(code: number, shape: PendingCommand['shape']): void {
    if (shape !== 'none') this.commandCount += 1;
    const { commandCounts } = this.conversation.options;
    if (commandCounts !== undefined) commandCounts[code]! += 1;
  }

  /** MySQL (seen: 9.7) answers a malformed CLOSE or LONG_DATA with an ERR, MariaDB (10.11) with nothing. */
  private shapeOf(code: number, payloadLength: number): PendingCommand['shape'] {
    const isMalformed =
      (code === Command.STMT_CLOSE && payloadLength < MIN_CLOSE_BYTES) ||
      (code === Command.STMT_SEND_LONG_DATA && payloadLength < MIN_LONG_DATA_BYTES);
    return isMalformed && !this.conversation.greeting!.isMariadb ? 'single' : responseShape(code);
  }

  private frontBytesOf(code: number): number {
    const { options, dialect } = this.conversation;
    switch (code) {
      case Command.QUERY:
        return 1 + options.textBytes + (dialect.hasQueryAttributes ? ATTRIBUTES_BYTES : 0);
      case Command.STMT_PREPARE:
      case Command.INIT_DB:
        return 1 + options.textBytes;
      case Command.CHANGE_USER:
        return MAX_HANDSHAKE_BYTES;
      case Command.STMT_EXECUTE:
        if (options.parameterBytes === 0 && !dialect.hasQueryAttributes) return EXECUTE_FRONT_BYTES;
        return EXECUTE_FRONT_BYTES + options.parameterBytes + ATTRIBUTES_BYTES;
      default:
        return EXECUTE_FRONT_BYTES;
    }
  }

  /** The number of bytes of a command that are looked at before it may go to the server. */
  private judgedBytesOf(code: number): number {
    if (code !== Command.STMT_EXECUTE) return this.frontBytesOf(code);
    return EXECUTE_FRONT_BYTES + this.conversation.options.parameterBytes + ATTRIBUTES_BYTES;
  }

  private complete(command: PendingCommand<U>, front: Buffer, packetBytes: number): void {
    const { conversation } = this;
    if (!this.commandGate.hasRead(command)) this.read(command, front, packetBytes);
    if (conversation.options.parameterBytes > 0 || conversation.dialect.hasQueryAttributes) {
      this.keepParameters(command, front, packetBytes);
    }
    this.countRequest(command, packetBytes);
    command.hasArrived = true;
    if (conversation.commands.head === command) conversation.headChanged();
  }

  read(command: PendingCommand<U>, front: Buffer, packetBytes: number): void {
    const { conversation } = this;
    switch (command.code) {
      case Command.QUERY:
        this.keepText(command, front, queryTextOffset(front, conversation.dialect.hasQueryAttributes), packetBytes);
        break;
      case Command.STMT_PREPARE:
      case Command.INIT_DB:
        this.keepText(command, front, 1, packetBytes);
        break;
      case Command.CHANGE_USER:
        command.identity = decodeChangeUser(front, conversation.dialect.capabilities);
        conversation.commands.keep(command, front.length);
        break;
      default:
        if (front.length >= MIN_CLOSE_BYTES) command.statementId = front.readUInt32LE(1);
        command.wantsCursor = command.code === Command.STMT_EXECUTE && ((front[5] ?? 0) & CURSOR_TYPE_MASK) !== 0;
    }
  }

  /** Keeps the front of a statement's text: a copy, since the next read overwrites the chunk. */
  private keepText(command: PendingCommand<U>, front: Buffer, offset: number | null, packetBytes: number): void {
    if (offset === null || packetBytes === 0) return;
    command.textBytes = packetBytes - offset;
    const from = offset > PLAIN_TEXT_OFFSET ? 0 : offset;
    const kept = Buffer.from(front.subarray(from, offset + this.conversation.options.textBytes));
    command.text = from === offset ? kept : kept.subarray(offset);
    if (from !== offset) command.attributes = kept.subarray(0, offset);
    this.conversation.commands.keep(command, kept.length);
  }

  /** Counts the bytes that the client has sent for a command. Values sent ahead count for the execution after them. */
  private countRequest(command: PendingCommand<U>, packetBytes: number): void {
    const { code, statementId } = command;
    command.requestBytes = wireBytes(packetBytes);
    if (code !== Command.STMT_EXECUTE && code !== Command.STMT_SEND_LONG_DATA) return;
    const bound = this.conversation.statements.get(statementId)?.bound;
    if (bound === undefined) return;
    if (code === Command.STMT_SEND_LONG_DATA) bound.addSentAhead(command.requestBytes);
    else command.requestBytes += bound.takeSentAhead();
  }

  private keepParameters(command: PendingCommand<U>, front: Buffer, packetBytes: number): void {
    if (command.code === Command.STMT_EXECUTE && this.isToKeep(command, front)) {
      command.execution = Buffer.from(front);
      this.conversation.commands.keep(command, front.length);
    }
    const isLongData = command.code === Command.STMT_SEND_LONG_DATA && front.length >= MIN_LONG_DATA_BYTES;
    if (!isLongData) return;
    const statement = this.conversation.statements.get(command.statementId);
    statement?.bound.addLongData(front.readUInt16LE(MIN_CLOSE_BYTES), packetBytes - MIN_LONG_DATA_BYTES);
  }

  /** Whether an EXECUTE holds values to keep, or query attributes; or may do so, if it came ahead of other answers. */
  private isToKeep(command: PendingCommand<U>, front: Buffer): boolean {
    const { commands, options, statements } = this.conversation;
    const bound = commands.head === command ? statements.get(command.statementId)?.bound : undefined;
    return options.parameterBytes > 0 || bound === undefined || hasAttributes(front, bound.parameterCount);
  }

  private stop(reason: ClientStop): Entry {
    this.stopReason = reason;
    return 'stop';
  }

  private giveUp(start: PacketStart, reason: string): Entry {
    const { chunk, at, end } = start;
    const offsetBytes = this.streamOffset(at);
    const hex = chunk.toString('hex', at, Math.min(end, at + 16));
    const { phase, isUploading } = this.conversation;
    const awaited = isUploading ? 'upload' : phase === 'commands' ? 'command' : phase;
    this.conversation.giveUp({ direction: 'client', reason, awaited, offsetBytes, hex });
    return 'stop';
  }
}

/** A packet's bytes with the headers of its parts. */
function wireBytes(packetBytes: number): number {
  return packetBytes + HEADER_BYTES * (Math.floor(packetBytes / MAX_PAYLOAD_BYTES) + 1);
}

/**
 * An answer to the greeting stays undecided until it is whole. Servers accept 64 KiB of connection attributes and
 * little besides.
 */
const MAX_HANDSHAKE_BYTES = 128 * 1024;
/** The most bytes of query attributes before a statement's text, or among the values of an EXECUTE. */
const ATTRIBUTES_BYTES = 16 * 1024;
/** The largest offset of the text in a COM_QUERY without query attributes: after the command byte and two counts. */
const PLAIN_TEXT_OFFSET = 3;
/** CLOSE carries a statement id, LONG_DATA also a parameter's number. Shorter ones are malformed. */
const MIN_CLOSE_BYTES = 5;
const MIN_LONG_DATA_BYTES = 7;
