import { Command } from '../protocol/commands.js';
import type { ClientIdentity } from '../protocol/handshakeResponse.js';
import type { Tracked } from '../protocol/packets.js';
import { encodingOfCharacterSet } from '../protocol/textEncoding.js';
import type { PendingCommand, PreparedStatement } from '../conversation/command.js';
import type { Conversation } from '../conversation/conversation.js';
import type { GovernedUsage } from './governedUsage.js';
import type { Guard, Profile } from './guard.js';
import type { Refusals, Refused } from './refusal.js';
import { JdbcStreaming, netWriteTimeoutSeconds } from './signals.js';
import { sqlServerOf } from './sqlServerOf.js';
import { characterSetOfResults } from '../sql/characterSetOfResults.js';
import type { SqlServer } from '../sql/sqlServer.js';
import { Statement, statementBytes } from './statement.js';
import { subjectOf } from './subject.js';

/** The known facts about a session's client: its identity, and the signs of how it reads. */
export class ClientProfile {
  private sessionTimeoutMs: number | null = null;
  private serverTimeoutMs: number | null = null;
  private readonly jdbc = new JdbcStreaming();
  private server: SqlServer | null = null;
  private profile: Profile | null = null;
  /** The guard and the identity that the profile was made for. */
  private profiledBy: Guard | null = null;
  private profiledIdentity: ClientIdentity | null = null;
  /** The guard that chose the terms of the response that began last. */
  private governedBy: Guard;

  /**
   * @param shared holds the current guard
   * @param address the client's IP address; empty if it has none
   */
  constructor(
    private readonly shared: { readonly guard: Guard },
    private readonly conversation: Conversation,
    private readonly address: string,
  ) {
    this.governedBy = shared.guard;
  }

  /**
   * How long the server waits for a client that does not read, in ms. The servers' default if nothing else is known.
   */
  get netWriteTimeoutMs(): number {
    return this.knownNetWriteTimeoutMs ?? DEFAULT_NET_WRITE_TIMEOUT_SECONDS * 1000;
  }

  /**
   * How long the server waits for a client that does not read, in ms; null if neither the session has set it nor the
   * server has told it.
   */
  get knownNetWriteTimeoutMs(): number | null {
    return this.sessionTimeoutMs ?? this.serverTimeoutMs;
  }

  /** Notes how long the server waits if a session sets nothing else; null if the server has not told it. */
  serverWaits(timeoutMs: number | null): void {
    this.serverTimeoutMs = timeoutMs ?? this.serverTimeoutMs;
  }

  /** Makes the usage of a response that begins, with the terms for this client. */
  govern(command: PendingCommand): GovernedUsage {
    this.jdbc.begin(command.number);
    this.governedBy = this.shared.guard;
    return this.shared.guard.govern(command, this.current(), this.conversation.statusFlags, this.jdbc);
  }

  /** Makes the usage of a statement that has ended without a result, for its record and the statistics. */
  governEnded(command: PendingCommand): GovernedUsage {
    return this.shared.guard.governEnded(command, this.current(), this.conversation.statusFlags);
  }

  /** The most that rules do about statements of this client. */
  get refusals(): Refusals {
    return this.shared.guard.refusals === 'none' ? 'none' : this.current().refusals;
  }

  /** Whether nothing of this client may pass unjudged. */
  get refusesUnjudged(): boolean {
    return this.refusals === 'enforced' && this.shared.guard.refusesUnjudged(this.current());
  }

  /** Judges a command before the server gets it; null if it may pass. */
  refusalOf(command: PendingCommand): Refused | null {
    return this.shared.guard.refusalOf(command, this.current(), this.conversation.statusFlags);
  }

  /** Forgets everything that the session has set. */
  reset(): void {
    this.sessionTimeoutMs = null;
    this.jdbc.begun(null);
  }

  /** Sluice has set the session's `net_write_timeout`, in ms. */
  setUp(timeoutMs: number): void {
    this.sessionTimeoutMs = timeoutMs;
    this.jdbc.begun(timeoutMs / 1000);
  }

  /**
   * Chooses the terms for the rest of a response again, because one of its statements may have changed the default
   * schema. A configuration that was read in the meantime does not apply to it.
   * @returns whether the terms have changed
   */
  governAgain(usage: GovernedUsage): boolean {
    const { profile, governedBy } = this;
    const current = this.current(governedBy);
    return current !== profile && governedBy.governAgain(usage, current, this.jdbc);
  }

  /** The facts to keep about a prepared statement whose text is about to be dropped. */
  keptOf(statement: PreparedStatement): Statement {
    return Statement.keptOf(statement, this.conversation.statusFlags, this.sqlServer());
  }

  /**
   * A statement has succeeded without a result. It may have changed the session's settings.
   * @param told the state of the session that the server has reported; not all servers report it
   */
  statementDone(command: PendingCommand, told: Tracked): void {
    const mayUse = told.schema === null && mayBeUse(command);
    const maySet = command.code === Command.QUERY && command.textBytes <= MAX_SETTING_BYTES;
    if (!mayUse && !maySet) return;
    const statement = Statement.of(command, this.conversation.statusFlags, this.sqlServer());
    const used = mayUse ? statement.schemaFrom(command.answerCount - 1) : null;
    if (used !== null) this.conversation.schema = used;
    const text = maySet ? statement.text ?? '' : '';
    const characterSet = told.characterSet === null ? characterSetOfResults(text) : null;
    if (characterSet !== null) this.conversation.textEncoding = encodingOfCharacterSet(characterSet);
    const seconds = netWriteTimeoutSeconds(text);
    if (seconds === null) return;
    this.sessionTimeoutMs = seconds * 1000;
    this.jdbc.set(seconds, command.number);
  }

  /** Whether the client offers files, and its statement is a LOAD DATA LOCAL or a text that may contain one. */
  mayBeAskedForFile(): boolean {
    const { commands, dialect, statusFlags } = this.conversation;
    const { head } = commands;
    if (!dialect.offersFiles || head === null || head.code === Command.PROCESS_INFO) return false;
    return Statement.of(head, statusFlags, this.sqlServer()).mayLoadFile;
  }

  private current(guard = this.shared.guard): Profile {
    const { identity, schema } = this.conversation;
    if (this.profile === null || this.profiledBy !== guard || this.profiledIdentity !== identity) {
      this.profile = guard.profile(subjectOf(identity, schema, this.address), this.sqlServer());
      this.profiledBy = guard;
      this.profiledIdentity = identity;
    } else if (this.profile.subject.schema !== schema) {
      this.profile = guard.withSchema(this.profile, schema);
    }
    return this.profile;
  }

  /** Made once, because a server greets once. */
  private sqlServer(): SqlServer | null {
    const { greeting } = this.conversation;
    if (this.server === null && greeting !== null) this.server = sqlServerOf(greeting);
    return this.server;
  }
}

/** Both servers' default of `net_write_timeout`. */
const DEFAULT_NET_WRITE_TIMEOUT_SECONDS = 60;

/** The longest statement that is checked for session settings; such statements are short. */
const MAX_SETTING_BYTES = 1024;

const SMALL_U = 0x75;
const CAPITAL_A = 0x41;

/** A quick check whether the statement that was answered last may be a USE. Most are not. */
function mayBeUse(command: PendingCommand): boolean {
  const bytes = statementBytes(command);
  if (bytes === null || command.answerCount > 1) return bytes !== null || command.statement !== null;
  const first = bytes[0] ?? 0;
  return first < CAPITAL_A || (first | 0x20) === SMALL_U;
}
