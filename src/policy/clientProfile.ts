import { Command } from '../protocol/commands.js';
import type { ClientIdentity } from '../protocol/handshakeResponse.js';
import type { PendingCommand, PreparedStatement } from '../conversation/command.js';
import type { Conversation } from '../conversation/conversation.js';
import type { GovernedUsage } from './governedUsage.js';
import type { Guard, Profile } from './guard.js';
import { JdbcStreaming, netWriteTimeoutSeconds } from './signals.js';
import { sqlServerOf } from './sqlServerOf.js';
import type { SqlServer } from '../sql/sqlServer.js';
import { Statement, statementBytes } from './statement.js';
import { subjectOf } from './subject.js';

/** What a session's client has let be known of itself: who it is, and what it has said that tells how it reads. */
export class ClientProfile {
  private sessionTimeoutMs: number | null = null;
  private serverTimeoutMs: number | null = null;
  private readonly jdbc = new JdbcStreaming();
  private server: SqlServer | null = null;
  private profile: Profile | null = null;
  /** Which guard's profile it is, and of whom. */
  private profiledBy: Guard | null = null;
  private profiledIdentity: ClientIdentity | null = null;

  /**
   * @param shared holds the guard of the moment
   * @param address the client's IP address; empty where it has none
   */
  constructor(
    private readonly shared: { readonly guard: Guard },
    private readonly conversation: Conversation,
    private readonly address: string,
  ) {}

  /** How long the server waits for a client that does not read, in ms: its default, where nothing else is known. */
  get netWriteTimeoutMs(): number {
    return this.knownNetWriteTimeoutMs ?? DEFAULT_NET_WRITE_TIMEOUT_SECONDS * 1000;
  }

  /** The same, where the session has set it or the server has told; else null. */
  get knownNetWriteTimeoutMs(): number | null {
    return this.sessionTimeoutMs ?? this.serverTimeoutMs;
  }

  /** The server has told how long it waits where a session sets nothing else; null where it has not. */
  serverWaits(timeoutMs: number | null): void {
    this.serverTimeoutMs = timeoutMs ?? this.serverTimeoutMs;
  }

  /** The usage of a response that begins, on the terms that hold for this client. */
  govern(command: PendingCommand): GovernedUsage {
    this.jdbc.begin(command.number);
    return this.shared.guard.govern(command, this.current(), this.conversation.statusFlags, this.jdbc);
  }

  /** What the session has set is forgotten. */
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
   * Other terms may hold for the rest of a response, since one of its statements may have changed the default schema.
   * @returns whether they do
   */
  governAgain(usage: GovernedUsage): boolean {
    const { profile } = this;
    const current = this.current();
    return current !== profile && this.shared.guard.governAgain(usage, current, this.jdbc);
  }

  /** What is to be kept of a prepared statement whose text is about to go. */
  keptOf(statement: PreparedStatement): Statement {
    return Statement.keptOf(statement, this.conversation.statusFlags, this.sqlServer());
  }

  /**
   * A statement has succeeded without a result: it may have changed what is known of the session.
   * @param toldSchema the server has said what the default schema is: not all do
   */
  statementDone(command: PendingCommand, toldSchema: boolean): void {
    const mayUse = !toldSchema && mayBeUse(command);
    const maySet = command.code === Command.QUERY && command.textBytes <= MAX_SETTING_BYTES;
    if (!mayUse && !maySet) return;
    const statement = Statement.of(command, this.conversation.statusFlags, this.sqlServer());
    const used = mayUse ? statement.schemaFrom(command.answerCount - 1) : null;
    if (used !== null) this.conversation.schema = used;
    const seconds = maySet ? netWriteTimeoutSeconds(statement.text ?? '') : null;
    if (seconds === null) return;
    this.sessionTimeoutMs = seconds * 1000;
    this.jdbc.set(seconds, command.number);
  }

  /** Whether the client offers files, and what it asks now is a LOAD DATA LOCAL, or a text that may hold one. */
  mayBeAskedForFile(): boolean {
    const { commands, dialect, statusFlags } = this.conversation;
    const { head } = commands;
    if (!dialect.offersFiles || head === null || head.code === Command.PROCESS_INFO) return false;
    return Statement.of(head, statusFlags, this.sqlServer()).mayLoadFile;
  }

  private current(): Profile {
    const { identity, schema } = this.conversation;
    const { guard } = this.shared;
    if (this.profile === null || this.profiledBy !== guard || this.profiledIdentity !== identity) {
      this.profile = guard.profile(subjectOf(identity, schema, this.address), this.sqlServer());
      this.profiledBy = guard;
      this.profiledIdentity = identity;
    } else if (this.profile.subject.schema !== schema) {
      this.profile = guard.withSchema(this.profile, schema);
    }
    return this.profile;
  }

  /** Made once: a server greets once. */
  private sqlServer(): SqlServer | null {
    const { greeting } = this.conversation;
    if (this.server === null && greeting !== null) this.server = sqlServerOf(greeting);
    return this.server;
  }
}

/** Both servers' default for how long they wait for a client that does not read, in seconds. */
const DEFAULT_NET_WRITE_TIMEOUT_SECONDS = 60;

/** Statements that set something for the session are short. */
const MAX_SETTING_BYTES = 1024;

const SMALL_U = 0x75;
const CAPITAL_A = 0x41;

/** Whether the statement that was answered last may be a USE, as far as a glance tells: most are none. */
function mayBeUse(command: PendingCommand): boolean {
  const bytes = statementBytes(command);
  if (bytes === null || command.answerCount > 1) return bytes !== null || command.statement !== null;
  const first = bytes[0] ?? 0;
  return first < CAPITAL_A || (first | 0x20) === SMALL_U;
}
