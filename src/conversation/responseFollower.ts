import { Command } from '../protocol/commands.js';
import { nameIn } from '../protocol/handshakeResponse.js';
import { PacketReader } from '../protocol/lenenc.js';
import { FirstByte, PROGRESS_REPORT_CODE, type Completion, type ServerError } from '../protocol/packets.js';
import type { PacketStart } from '../protocol/packetScanner.js';
import { Status } from '../protocol/status.js';
import { BoundParameters } from './boundParameters.js';
import { Definitions } from './definitions.js';
import type { AwaitedPacket } from './packetRole.js';
import type { AnsweredShape, PendingCommand, PreparedStatement, Usage } from './command.js';
import type { ConversationState } from './state.js';

/** Follows responses: finds the meaning of each packet for its command, and the end of the command. */
export class ResponseFollower<U extends Usage> {
  awaited: AwaitedPacket = 'response';
  /** The usage of the response under way; null between responses. */
  usage: U | null = null;

  /** The definitions of the result set under way, or of the PREPARE. */
  readonly definitions = new Definitions();

  /** The statement whose columns they define; null if there is none, or if their types need not be known later. */
  private defining: PreparedStatement<U> | null = null;
  /** The result set carries OUT parameters: an OK follows even without MORE_RESULTS_EXISTS. */
  private hasOutParameters = false;
  private command: PendingCommand<U> | null = null;

  constructor(private readonly conversation: ConversationState<U>) {}

  /** The expected shape of the next packet; null if no command awaits an answer. */
  get shape(): AnsweredShape | null {
    const shape = this.command?.shape ?? null;
    return shape === 'none' || shape === 'fetch' || shape === 'fieldList' ? null : shape;
  }

  /** No response is under way. */
  get isIdle(): boolean {
    return this.command === null;
  }

  /** Forgets the response under way, because the conversation is not followed any more. */
  forget(): void {
    this.command = null;
    this.usage = null;
    this.defining = null;
    this.definitions.forget();
  }

  /** A response begins, or another one of the same command: turns to the command at the head of the queue. */
  start(): void {
    const { head } = this.conversation.commands;
    if (head === this.command || head === null || head.shape === 'none') return;
    this.command = head;
    head.statement = this.statementOf(head);
    if (head.shape === 'fieldList') this.awaited = 'field';
    if (head.shape === 'fetch') {
      const usage = head.statement?.cursorUsage ?? null;
      if (usage === null) this.beginUsage(head);
      else this.usage = head.usage = usage;
      this.awaited = 'row';
    }
    if (head.execution !== null && head.statement !== null) {
      const { dialect, options } = this.conversation;
      const { bound } = head.statement;
      const brought = bound.decode(head.execution, dialect.hasQueryAttributes, options.parameterBytes);
      head.parameters = brought.parameters;
      head.attributes = brought.attributes;
      head.execution = null;
    } else if (head.code === Command.STMT_EXECUTE) {
      head.statement?.bound.dropLongData();
    }
    // Executing a statement again closes its cursor.
    if (head.code === Command.STMT_EXECUTE && head.statement !== null) this.closeCursor(head.statement);
  }

  /** The first packet of a result set, of a PREPARE's answer, or a request for a file. */
  first(front: Buffer): void {
    const command = this.command!;
    if (command.shape === 'prepare') this.prepared(command, front);
    else if (front[0] === FirstByte.LOCAL_INFILE) this.conversation.isUploading = command.asksForFile = true;
    else this.columnCount(command, front);
  }

  /** The scan of a chunk has ended at an offset: keeps the definitions in it if their rows are still to come. */
  scanned(chunk: Buffer, to: number): void {
    const { awaited, definitions, defining, usage } = this;
    const isInFrontOfRows = awaited === 'definition' || awaited === 'definitionsEnd';
    if (isInFrontOfRows && (defining !== null || usage?.countsColumns === true)) definitions.keep(chunk, to);
    else definitions.forget();
  }

  /** A definition has passed, in a chunk of which `end` bytes have come. */
  definition({ chunk, end }: PacketStart): void {
    if (this.definitions.passed()) this.columnsDefined(chunk, end);
    if (!this.definitions.areOver) return;
    if (this.command!.shape === 'prepare') this.finish(null);
    else this.awaited = this.conversation.dialect.deprecatesEof ? 'row' : 'definitionsEnd';
  }

  /** An OK or EOF packet, or an OK that begins with 0xFE: the end of definitions, of rows, or of the response. */
  completion(completion: Completion): void {
    const { statusFlags } = completion;
    this.conversation.take(completion);
    if (this.awaited === 'response') this.answered(completion);
    this.hasOutParameters ||= this.awaited !== 'response' && (statusFlags & Status.PS_OUT_PARAMS) !== 0;
    if (this.awaited === 'definitionsEnd' && !this.opensCursor(statusFlags)) {
      this.awaited = 'row';
      return;
    }
    const command = this.command!;
    if (this.opensCursor(statusFlags)) this.openCursor(command);
    if (command.shape === 'fetch') {
      if (statusFlags & Status.LAST_ROW_SENT && command.statement !== null) this.closeCursor(command.statement);
    } else if (command.shape === 'results' && (statusFlags & Status.MORE_RESULTS_EXISTS || this.hasOutParameters)) {
      if (this.awaited === 'row') this.usage?.endResultSet();
      this.hasOutParameters = false;
      this.awaited = 'response';
      return;
    }
    this.finish(null);
  }

  /** An OK without rows has answered a statement. */
  private answered(completion: Completion): void {
    const command = this.command!;
    command.answerCount += 1;
    command.affectedRows += completion.affectedRows;
    if (command.shape !== 'results') return;
    this.conversation.options.responses.statementDone(command, completion);
  }

  /** The one packet of bare text that answers a command. */
  text(): void {
    this.finish(null);
  }

  /** An ERR packet: it ends the whole response. */
  error(error: ServerError): void {
    if (this.command === null) return; // an unasked error before the server closes
    if (error.code === PROGRESS_REPORT_CODE && this.conversation.dialect.reportsProgress) return;
    this.finish(error);
  }

  /** Ends the commands at the head of the queue that have no answer. */
  settleUnanswered(): void {
    const { commands, statements } = this.conversation;
    for (let { head } = commands; head !== null && head.shape === 'none' && head.hasArrived; { head } = commands) {
      const statement = statements.delete(head.statementId);
      if (statement !== null) this.closeCursor(statement);
      commands.shift();
    }
  }

  private statementOf(command: PendingCommand<U>): PendingCommand<U>['statement'] {
    const isPrepared = command.code >= Command.STMT_EXECUTE && command.code <= Command.STMT_FETCH;
    const isNamed = isPrepared || command.code === Command.STMT_BULK_EXECUTE;
    return isNamed ? this.conversation.statements.use(command.statementId) : null;
  }

  private beginUsage(command: PendingCommand<U>): U {
    const usage = this.conversation.options.responses.newUsage(command);
    this.usage = command.usage = usage;
    return usage;
  }

  private columnCount(command: PendingCommand<U>, front: Buffer): void {
    const reader = new PacketReader(front, 0, front.length);
    const columns = reader.lenenc();
    // CLIENT_OPTIONAL_RESULTSET_METADATA and MariaDB's cached metadata: 0 says that definitions are left out.
    const definitions = this.conversation.dialect.hasMetadataFlag && reader.uint(1) === 0 ? 0 : columns;
    command.answerCount += 1;
    const usage = command.usage ?? this.beginUsage(command);
    this.usage = usage;
    usage.beginResultSet(columns);
    this.hasOutParameters = false;
    this.definitions.expect(0, definitions, 0);
    this.defining = this.conversation.dialect.hasMetadataFlag && usage.resultSets === 1 ? command.statement : null;
    if (definitions > 0) this.awaited = 'definition';
    else this.awaited = this.conversation.dialect.deprecatesEof ? 'row' : 'definitionsEnd';
  }

  /** `0x00 | id4 | columns2 | parameters2 | 0x00 | warnings2 [| metadata follows]`, then definitions of both kinds. */
  private prepared(command: PendingCommand<U>, front: Buffer): void {
    const reader = new PacketReader(front, 1, front.length);
    const id = reader.uint(4);
    const columnCount = reader.uint(2);
    const parameterCount = reader.uint(2);
    reader.skip(3);
    const { dialect } = this.conversation;
    const hasDefinitions = !dialect.hasMetadataFlag || reader.left === 0 || reader.uint(1) !== 0;
    const statement = {
      id, sql: command.text, sqlBytes: command.textBytes, columnTypes: null, cursorUsage: null, kept: null,
      bound: new BoundParameters(parameterCount),
    };
    const forgotten = this.conversation.statements.add(statement);
    if (forgotten !== null) this.closeCursor(forgotten);
    const definitionsOf = (count: number): number => (hasDefinitions ? count : 0);
    const eofsAfter = (count: number): number => (count === 0 || dialect.deprecatesEof ? 0 : 1);
    const before = definitionsOf(parameterCount) + eofsAfter(parameterCount);
    this.definitions.expect(before, definitionsOf(columnCount), eofsAfter(columnCount));
    this.defining = dialect.hasMetadataFlag ? statement : null;
    if (this.definitions.areOver) this.finish(null);
    else this.awaited = 'definition';
  }

  /** All columns of a result set, or of a PREPARE, are defined. Later commands may bring rows without definitions. */
  private columnsDefined(chunk: Buffer, end: number): void {
    const { usage, defining, definitions } = this;
    const isCounted = this.command!.wantsCursor && usage?.countsColumns === true;
    if (isCounted) this.conversation.countCursor(usage, definitions.upTo(chunk, end));
    const types = defining === null ? null : definitions.typesUpTo(chunk, end);
    if (types !== null) this.conversation.statements.keepTypes(defining!, types);
  }

  /**
   * Whether the server has really opened a cursor. CURSOR_EXISTS alone does not prove it: a procedure with an open
   * cursor of its own sets the flag on ordinary results (MySQL 9.7, MariaDB 10.11), at the end of its OUT parameters
   * and on its last OK (MySQL 9.7). So the command must have asked for a cursor, and no packet of the response may
   * follow.
   */
  private opensCursor(statusFlags: number): boolean {
    const { code, wantsCursor } = this.command!;
    if (!wantsCursor || code !== Command.STMT_EXECUTE || this.awaited === 'response' || this.hasOutParameters) {
      return false;
    }
    return (statusFlags & (Status.CURSOR_EXISTS | Status.MORE_RESULTS_EXISTS)) === Status.CURSOR_EXISTS;
  }

  private openCursor(command: PendingCommand<U>): void {
    if (command.statement === null || command.usage === null) return;
    command.statement.cursorUsage = command.usage;
    this.conversation.options.responses.cursorOpened(command.usage);
  }

  private closeCursor(statement: PreparedStatement<U>): void {
    const usage = statement.cursorUsage;
    statement.cursorUsage = null;
    if (usage !== null) this.conversation.endUsage(usage, null);
  }

  /** The command is answered; `error` is null if it succeeded. */
  private finish(error: ServerError | null): void {
    const { conversation, usage } = this;
    const command = this.command!;
    this.command = null;
    this.usage = null;
    this.defining = null;
    this.definitions.forget();
    this.awaited = 'response';
    this.hasOutParameters = false;
    // Even after a refusal: MariaDB 10.11 first drops the statements, and MySQL closes the connection.
    if (command.shape === 'authentication') {
      conversation.forgetSession();
      if (error !== null) conversation.options.observer.userChangeRefused?.(command.identity, error);
    }
    if (error === null && conversation.ownCommand !== 'setUp') this.succeed(command);
    if (conversation.ownCommand !== null) conversation.endOwnCommand(error);
    const isCursorOpen = command.statement !== null && command.statement.cursorUsage === usage;
    // The usage of an open cursor continues, unless it has just been cut.
    if (usage !== null && (!isCursorOpen || usage.isCut)) conversation.endUsage(usage, error);
    if (usage === null && command.shape === 'results') {
      conversation.options.responses.endedWithoutResult?.(command, error);
    }
    conversation.commands.shift();
    conversation.headChanged();
  }

  private succeed(command: PendingCommand<U>): void {
    const { conversation } = this;
    switch (command.code) {
      case Command.INIT_DB:
        if (command.text !== null) conversation.schema = nameIn(command.text);
        break;
      case Command.STMT_RESET:
        command.statement?.bound.dropLongData();
        if (command.statement !== null) this.closeCursor(command.statement);
        break;
      case Command.CHANGE_USER:
        if (command.identity !== null) conversation.identify(command.identity);
        conversation.sessionBegun();
        break;
      case Command.RESET_CONNECTION:
        conversation.forgetSession();
        conversation.sessionBegun();
        break;
      default:
    }
  }
}
