import { KNOWN_CAPABILITIES } from '../protocol/capabilities.js';
import { Command, encodeReset } from '../protocol/commands.js';
import { encodePacket } from '../protocol/framing.js';
import { clearGreetingCapabilities, decodeGreeting, type Greeting } from '../protocol/greeting.js';
import {
  clearResponseCapabilities, decodeHandshakeResponse, responseCapabilities, type ClientIdentity,
} from '../protocol/handshakeResponse.js';
import type { Completion, ServerError } from '../protocol/packets.js';
import { encodeQuery } from '../protocol/query.js';
import { Status } from '../protocol/status.js';
import { encodingOfCharacterSet, encodingOfCollation, type TextEncoding } from '../protocol/textEncoding.js';
import { newCommand, type Usage } from './command.js';
import { CommandQueue } from './commandQueue.js';
import type { CommandJudge, ConversationObserver, Phase, ResponseObserver, Unparsed } from './conversationObserver.js';
import { agreeOn, uninspectable, type Dialect } from './dialect.js';
import { beginCounting } from './resultColumns.js';
import type { SetUpStop } from './serverStop.js';
import { StatementTable } from './statements.js';

/** The state of one session's conversation, which its two readers share. */
export abstract class ConversationState<U extends Usage> {
  phase: Phase = 'greeting';
  greeting: Greeting | null = null;
  identity: ClientIdentity | null = null;
  schema = '';
  /** The encoding in which the server writes its errors, as far as the session has shown it. */
  textEncoding: TextEncoding = 'ascii';
  dialect: Dialect = agreeOn(0n, 0n);
  /** The status flags of the last OK or EOF packet. */
  statusFlags = 0;
  /** The transactions that have begun so far. */
  private transactions = 0;
  /** The server has asked for a file; the client's packets are its content. */
  isUploading = false;
  /**
   * The arrival of the command that has opened the current transaction, on the session's clock in ms; null if none is
   * open.
   */
  transactionSinceMs: number | null = null;
  /** The client has sent COM_QUIT. */
  hasQuit = false;

  /** The command of Sluice's own that the server is answering; null for none. The client must not see that answer. */
  ownCommand: 'setUp' | 'reset' | null = null;

  /** A COM_CHANGE_USER has to be bridged, because only one of the two connections is encrypted. */
  holdsUserChanges = false;

  readonly commands = new CommandQueue<U>();
  readonly statements = new StatementTable<U>((statement) => this.options.responses.textForgotten?.(statement) ?? null);

  private cleared = 0n;
  /** The columns that have counters because a cursor is open. */
  private cursorColumns = 0;
  private setUpStop: SetUpStop | null = null;

  constructor(readonly options: ConversationOptions<U>) {}

  /**
   * From now on lets all bytes pass. Ends all usages, and frees the memory that following needed.
   */
  abstract passAll(phase: 'stream' | 'tls' | 'unparsed'): void;

  /**
   * The command at the head of the queue has changed, or has arrived: commands that have no answer are taken out, and
   * the judge hears of the next one.
   */
  abstract headChanged(): void;

  /**
   * Takes the server's first packet, and clears in place the capabilities that cannot be followed. Returns false if the
   * packet is unknown.
   */
  greet(payload: Buffer): boolean {
    const greeting = decodeGreeting(payload);
    if (greeting === null) return false;
    this.greeting = greeting;
    this.cleared = this.uninspectable(greeting.capabilities);
    clearGreetingCapabilities(payload, this.cleared);
    this.statusFlags = greeting.statusFlags;
    this.phase = 'response';
    this.options.observer.greeted(greeting);
    return true;
  }

  /**
   * Takes the client's first packet, and clears in place the capabilities that cannot be followed: some clients ask for
   * more than the greeting offers. Returns the reason why the packet cannot be followed; null if it can.
   */
  respond(payload: Buffer): string | null {
    const asked = responseCapabilities(payload);
    const response = decodeHandshakeResponse(payload);
    if (asked === null || response === null) return 'not an answer of protocol 4.1 to the greeting';
    const cleared = this.clear(payload, asked);
    this.dialect = agreeOn(this.greeting!.capabilities, asked & ~cleared);
    this.phase = 'authentication';
    this.identify(response);
    return null;
  }

  /**
   * Takes the SSLRequest of a client whose TLS passes through to the server. Servers take the flags from this packet,
   * so this clears in place the flags that the greeting does not offer. From now on the conversation is not followed.
   */
  passEncrypted(sslRequest: Buffer): void {
    this.clear(sslRequest, responseCapabilities(sslRequest) ?? 0n);
    this.passAll('tls');
  }

  /** The connection phase has ended with an ERR: the server is about to close. */
  refuseLogin(error: ServerError): void {
    this.phase = 'refused';
    this.options.observer.loginRefused?.(error);
  }

  /** The connection phase has succeeded. */
  logIn(completion: Completion): void {
    this.phase = 'commands';
    this.take(completion);
    this.options.observer.ready();
  }

  /** Takes over the identity of a client whose login the server has accepted. */
  identify(identity: ClientIdentity): void {
    this.identity = identity;
    this.schema = identity.schema;
    this.textEncoding = this.encodingAtBegin(identity.collation);
    this.options.observer.identified(identity);
  }

  /** Takes over the session's state from an OK or EOF packet. */
  take(completion: Completion): void {
    this.statusFlags = completion.statusFlags;
    const isInTransaction = (completion.statusFlags & Status.IN_TRANS) !== 0;
    if (!isInTransaction) this.transactionSinceMs = null;
    else if (this.transactionSinceMs === null) {
      this.transactionSinceMs = this.commands.head?.startedAtMs ?? this.options.now();
      this.transactions += 1;
    }
    if (completion.schema !== null) this.schema = completion.schema;
    if (completion.characterSet !== null) this.textEncoding = encodingOfCharacterSet(completion.characterSet);
  }

  /** The number of the open transaction, from 1 on; null outside one. */
  get transaction(): number | null {
    return this.transactionSinceMs === null ? null : this.transactions;
  }

  /** Commands wait for the session's set-up, or for the answer to another command of Sluice's own. */
  get holdsCommands(): boolean {
    if (this.ownCommand !== null) return true;
    if (this.options.setUp === null) return false;
    return this.phase === 'authentication' || this.commands.tail?.resetsSession === true;
  }

  /** The session is new or was reset. If there is a set-up, it is due now. */
  sessionBegun(): void {
    if (this.options.setUp !== null) this.setUpStop = 'sessionBegun';
  }

  /**
   * The packet that sets the session up; null if there is nothing to set up. To be called once all earlier commands are
   * answered.
   */
  beginSetUp(): Buffer | null {
    const { setUp, now } = this.options;
    if (setUp === null || this.phase !== 'commands') return null;
    this.ownCommand = 'setUp';
    this.commands.push(newCommand(Command.QUERY, 'single', 0, now()));
    return encodePacket(0, encodeQuery(setUp, this.dialect.hasQueryAttributes));
  }

  /** The packet that resets a prepared statement. All commands before it have been answered. */
  beginReset(statementId: number): Buffer {
    const command = newCommand<U>(Command.STMT_RESET, 'single', 0, this.options.now());
    command.statementId = statementId;
    this.ownCommand = 'reset';
    this.commands.push(command);
    return encodePacket(0, encodeReset(statementId));
  }

  /** The server has answered a command of Sluice's own. */
  endOwnCommand(error: ServerError | null): void {
    const wasSetUp = this.ownCommand === 'setUp';
    this.ownCommand = null;
    this.setUpStop = 'ownAnswer';
    if (wasSetUp) this.options.responses.setUp?.(error);
  }

  /**
   * The step of the set-up that the last packet brought; null if it brought none. A second call returns null.
   */
  takeSetUpStop(): SetUpStop | null {
    const stop = this.setUpStop;
    this.setUpStop = null;
    return stop;
  }

  /**
   * Forgets the session's prepared statements and settings, and ends the usages of its open cursors. After a reset
   * MariaDB uses the character set of the login again, and MySQL that of the server. (Seen: 10.11 and 9.7.)
   */
  forgetSession(): void {
    this.textEncoding = this.encodingAtBegin(this.greeting?.isMariadb ? this.identity?.collation ?? 0 : 0);
    for (const statement of this.statements.clear()) this.endUsage(statement.cursorUsage!, null);
    this.options.responses.reset?.();
  }

  /**
   * Makes the counter of a cursor's columns, unless very many columns of open cursors have one.
   * @param packets the column definitions; null if they are not known
   */
  countCursor(usage: U, packets: Buffer | null): void {
    if (this.cursorColumns + usage.columnsNow > MAX_CURSOR_COLUMNS) return;
    beginCounting(usage, packets);
    usage.cursorColumns = usage.columnCounter?.columns ?? 0;
    this.cursorColumns += usage.cursorColumns;
  }

  /** Ends a usage, once. */
  endUsage(usage: U, error: ServerError | null, isComplete = true): void {
    if (usage.hasEnded) return;
    usage.hasEnded = true;
    this.cursorColumns -= usage.cursorColumns;
    this.options.responses.usageEnded(usage, error, isComplete);
  }

  /** The usages that have not ended: that of the response under way, and those of open cursors. */
  openUsages(): U[] {
    const usages = new Set(this.statements.openCursors());
    const current = this.commands.head?.usage;
    if (current) usages.add(current);
    return [...usages].filter((usage) => !usage.hasEnded);
  }

  /** Stops following, and reports why. */
  giveUp(problem: Omit<Unparsed, 'phase'>): void {
    const { phase } = this;
    this.passAll('unparsed');
    this.options.observer.unparsed({ ...problem, phase });
  }

  /** Clears the flags in a client's first packet that cannot be followed. Returns all such flags. */
  private clear(payload: Buffer, asked: bigint): bigint {
    const cleared = this.uninspectable(asked) | this.cleared;
    clearResponseCapabilities(payload, cleared);
    return cleared;
  }

  /** @param collation the one that the client asks for; 0 for the server's */
  private encodingAtBegin(collation: number): TextEncoding {
    return encodingOfCollation(collation === 0 ? this.greeting?.collation ?? 0 : collation);
  }

  private uninspectable(capabilities: bigint): bigint {
    return uninspectable(KNOWN_CAPABILITIES, this.options.compressions ?? 0n, capabilities);
  }
}

/** The most columns of open cursors of one session that have counters. */
const MAX_CURSOR_COLUMNS = 8192;

/** The options of a conversation. */
export interface ConversationOptions<U extends Usage> {
  readonly observer: ConversationObserver;
  readonly responses: ResponseObserver<U>;
  /** The number of bytes that are kept of a statement's text. */
  readonly textBytes: number;
  /** The number of bytes that are kept of the parameters of prepared statements; 0 for none. */
  readonly parameterBytes: number;
  /** The flags of the compressions that Sluice can open; all others are cleared. None by default. */
  readonly compressions?: bigint;
  /**
   * A statement of Sluice's own that sets the session up: after the login, a COM_RESET_CONNECTION and a
   * COM_CHANGE_USER, before the next command; null for none.
   */
  readonly setUp: string | null;
  /** Judges commands; without it none is refused. */
  readonly judge?: CommandJudge;
  /** Counts commands, each at the index of its first byte. */
  readonly commandCounts?: Float64Array;
  /** A clock in ms. */
  readonly now: () => number;
}
