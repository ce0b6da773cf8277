import { Command, LAST_PREPARED_STATEMENT_ID, STATEMENTS_OF_COMMANDS } from '../protocol/commands.js';
import { ServerErrors } from '../protocol/errorCodes.js';
import { HEADER_BYTES, MAX_PAYLOAD_BYTES } from '../protocol/framing.js';
import type { ServerError } from '../protocol/packets.js';
import type { PacketStart } from '../protocol/packetScanner.js';
import { typesIn } from '../protocol/parameters.js';
import type { PendingCommand, PreparedStatement, Usage } from './command.js';
import type { ConversationState } from './state.js';

/**
 * Decides at a command's header whether the command goes to the server.
 *
 * A command is judged by its front, and once all commands before it are answered: those may change the user, the
 * schema, the prepared statements, or how the server reads the text. So a refused command is answered at once, and its
 * answer has its place after theirs. Where no command may be refused, none waits: the judge hears of each when all
 * commands before it are answered.
 */
export class CommandGate<U extends Usage> {
  /** The command that is refused, until its whole packet has come. */
  private refused: RefusedCommand<U> | null = null;
  /** The command that was looked at last, if all of it is in one packet: its front has been read. */
  private whole: PendingCommand<U> | null = null;
  /** A preparation or an execution was refused, on which later commands may depend. */
  private hasOrphans = false;

  constructor(private readonly conversation: ConversationState<U>, private readonly reader: FrontReader<U>) {}

  /** Whether a command with this code has to be looked at. */
  concerns(code: number): boolean {
    const { judge } = this.conversation.options;
    if (judge === undefined) return false;
    return (this.hasOrphans && NAMES_STATEMENT.has(code)) || (CONCERNED.has(code) && judge.mayRefuse);
  }

  /**
   * Looks at a command that concerns the gate.
   * @param command what is known of it; its front is read here
   * @param frontBytes how much of its payload is looked at
   */
  look(start: PacketStart, command: PendingCommand<U>, frontBytes: number): Look {
    const { conversation, conversation: { options: { judge } } } = this;
    if (conversation.phase !== 'commands' || conversation.commands.length > 0 || !judge!.mayAnswer) return 'waiting';
    const from = start.at + HEADER_BYTES;
    const wantedBytes = Math.min(start.payloadLength, frontBytes);
    if (start.end - from < wantedBytes) return 'wait';
    const front = start.chunk.subarray(from, from + wantedBytes);
    this.reader.read(command, front, start.payloadLength);
    this.whole = start.payloadLength < MAX_PAYLOAD_BYTES ? command : null;
    return this.decide(command, front);
  }

  /** Returns what is to be done about the refused command, whose whole packet has come. */
  takeRefused(): RefusedCommand<U> {
    const refused = this.refused!;
    this.refused = null;
    return refused;
  }

  /** Whether all was read of a command when it was looked at. */
  hasRead(command: PendingCommand<U>): boolean {
    return command === this.whole;
  }

  /** The command at the head of the queue has changed, or has arrived: the judge hears of one that has passed. */
  headChanged(): void {
    const { commands: { head }, options: { judge } } = this.conversation;
    if (head === null || !head.hasArrived || !JUDGED.has(head.code) || judge?.watches !== true) return;
    if (EXECUTING.has(head.code) && head.statement === null) this.findStatement(head);
    judge.passed(head);
  }

  /** The refused command, while its packet passes. */
  get passing(): PendingCommand<U> {
    return this.refused!.command;
  }

  /** The sequence id of the packet of the refused command that has come last. */
  set sequenceId(sequenceId: number) {
    this.refused!.sequenceId = sequenceId;
  }

  private decide(command: PendingCommand<U>, front: Buffer): Look {
    const { conversation: { options: { judge }, statements } } = this;
    const { code, statementId } = command;
    const isNaming = NAMES_STATEMENT.has(code);
    if (isNaming && statementId === LAST_PREPARED_STATEMENT_ID && statements.isLastRefused) {
      return this.refuse(command, front, STATEMENT_NOT_PREPARED);
    }
    if (isNaming) command.statement = statements.get(statementId);
    if (EXECUTING.has(code) && command.statement !== null) {
      if (command.statement.bound.lacksTypes && this.typesOf(command.statement, front) === 'left out') {
        return this.refuse(command, front, TYPES_NOT_SENT);
      }
      this.readBound(command, command.statement, front);
    }
    const isJudged = JUDGED.has(code) && judge!.mayRefuse;
    if (isJudged && judge!.judge(command) === 'refuse') return this.refuse(command, front, null);
    if (EXECUTING.has(code)) command.statement?.bound.executionSent(this.typesOf(command.statement, front));
    return 'pass';
  }

  private refuse(command: PendingCommand<U>, front: Buffer, error: ServerError | null): Look {
    const { statement, code } = command;
    let isToReset = false;
    if (code === Command.STMT_PREPARE) this.conversation.statements.lastRefused();
    if (EXECUTING.has(code) && statement !== null) {
      isToReset = statement.bound.hasSentAhead || statement.cursorUsage !== null;
      statement.bound.executionRefused(this.typesOf(statement, front));
    }
    this.hasOrphans ||= code !== Command.QUERY;
    this.refused = { command, error, isToReset, sequenceId: 0 };
    return 'refused';
  }

  /** Finds the statement of an execution that has passed without a look. */
  private findStatement(command: PendingCommand<U>): void {
    command.statement = this.conversation.statements.get(command.statementId);
    const { statement, execution } = command;
    if (statement !== null && execution !== null) this.readBound(command, statement, execution);
  }

  /** Reads the values that the execution binds, for the decision and its record. The statement keeps its state. */
  private readBound(command: PendingCommand<U>, { bound }: PreparedStatement<U>, front: Buffer): void {
    if (command.code !== Command.STMT_EXECUTE) return;
    const { dialect, options } = this.conversation;
    const { parameters, attributes } = bound.look(front, dialect.hasQueryAttributes, options.parameterBytes);
    command.parameters = parameters;
    command.attributes = attributes;
  }

  private typesOf({ bound }: PreparedStatement<U>, front: Buffer): ReturnType<typeof typesIn> {
    return typesIn(front, bound.parameterCount, this.conversation.dialect.hasQueryAttributes);
  }
}

/** Takes from the front of a command's payload what the command is about. */
export interface FrontReader<U extends Usage> {
  /** @param payloadLength the length of the whole payload, or of the part of it in the first packet */
  read(command: PendingCommand<U>, front: Buffer, payloadLength: number): void;
}

/** The result of a look at a command: it passes, it is refused, or more bytes or answers have to come first. */
export type Look = 'pass' | 'refused' | 'wait' | 'waiting';

/** A command that Sluice answers instead of the server. */
export interface RefusedCommand<U extends Usage = Usage> {
  readonly command: PendingCommand<U>;
  /** The error of a command that depends on a refused one; null where the judge has the error. */
  readonly error: ServerError | null;
  /**
   * The server has values that were sent ahead, or an open cursor, which the execution would have used up: the
   * statement has to be reset there.
   */
  readonly isToReset: boolean;
  /** The sequence id of its last packet. */
  sequenceId: number;
}

/** The commands that run a statement, or prepare one, or do what a statement does. */
const JUDGED: ReadonlySet<number> = new Set<number>([
  Command.QUERY, Command.STMT_PREPARE, Command.STMT_EXECUTE, Command.STMT_BULK_EXECUTE,
  ...STATEMENTS_OF_COMMANDS.keys(),
]);
/**
 * Besides these, the packets of values that are sent ahead: the gate has to know whether a refused execution has any.
 */
const CONCERNED: ReadonlySet<number> = new Set<number>([...JUDGED, Command.STMT_SEND_LONG_DATA]);
const EXECUTING: ReadonlySet<number> = new Set<number>([Command.STMT_EXECUTE, Command.STMT_BULK_EXECUTE]);
const NAMES_STATEMENT: ReadonlySet<number> = new Set<number>([
  ...EXECUTING, Command.STMT_SEND_LONG_DATA, Command.STMT_CLOSE, Command.STMT_RESET, Command.STMT_FETCH,
]);

/** The error of a server for a statement that it has not prepared. */
const STATEMENT_NOT_PREPARED: ServerError = {
  ...ServerErrors.UNKNOWN_STMT_HANDLER, message: 'sluice: the statement prepared last was refused',
};
/** A server would take the values for those of other types. */
const TYPES_NOT_SENT: ServerError = {
  ...ServerErrors.UNKNOWN_STMT_HANDLER,
  message: 'sluice: the types of the parameters came with an execution that was refused; prepare the statement again',
};
