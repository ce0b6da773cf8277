import type { Greeting } from '../protocol/greeting.js';
import type { ClientIdentity } from '../protocol/handshakeResponse.js';
import type { ServerError, Tracked } from '../protocol/packets.js';
import type { PendingCommand, PreparedStatement, Usage } from './command.js';
import type { Peer } from '../protocol/peer.js';

/** An observer of a conversation. Each event is reported when it happens. */
export interface ConversationObserver {
  /** The server has greeted. */
  greeted(greeting: Greeting): void;
  /** The client's identity is known: from its answer to the greeting, or after a successful COM_CHANGE_USER. */
  identified(identity: ClientIdentity): void;
  /** The connection phase is over: commands may come. */
  ready(): void;
  /** The server has refused the client during the connection phase, and is about to close. */
  loginRefused?(error: ServerError): void;
  /** The server refused a COM_CHANGE_USER; `asked` is null if the new identity had not arrived yet. */
  userChangeRefused?(asked: ClientIdentity | null, error: ServerError): void;
  /** From now on the bytes are a stream without commands and responses, or the client's TLS. */
  streams?(kind: 'stream' | 'tls'): void;
  /** The conversation is not followed any more. */
  unparsed(problem: Unparsed): void;
}

/**
 * An observer of responses, and of events that matter for later responses.
 * @typeParam U the counts of a response
 */
export interface ResponseObserver<U extends Usage> {
  /** The first result set of a response begins, or a fetch from an unknown cursor. Returns the usage that counts it. */
  newUsage(command: PendingCommand): U;
  /** The usage counts a server-side cursor, fetch by fetch. */
  cursorOpened(usage: U): void;
  /**
   * A usage has ended.
   * @param error the error with which the server ended it; null if it succeeded
   * @param isComplete false if following ended before the response
   */
  usageEnded(usage: U, error: ServerError | null, isComplete: boolean): void;
  /**
   * An OK has answered a statement of a COM_QUERY or an execution: the one that `answerCount` counts.
   * @param told the state of the session that the OK reports
   */
  statementDone(command: PendingCommand, told: Tracked): void;
  /**
   * A COM_QUERY or an execution is over without a result set: its answers were OKs, or the error.
   * @param error the server's error; null if it succeeded
   */
  endedWithoutResult?(command: PendingCommand, error: ServerError | null): void;
  /**
   * A prepared statement's text is about to be forgotten. Returns a value to keep instead; null for nothing.
   */
  textForgotten?(statement: PreparedStatement): object | null;
  /** A COM_RESET_CONNECTION or COM_CHANGE_USER has reset the session's settings. */
  reset?(): void;
  /** The server has answered the session's set-up; `error` is null if it accepted. */
  setUp?(error: ServerError | null): void;
}

/** Judges commands that run or prepare a statement. */
export interface CommandJudge {
  /** Whether a command of this client may be refused now, so that it must not reach the server unjudged. */
  readonly mayRefuse: boolean;
  /** Whether the judge wants to know which of this client's commands have passed. */
  readonly watches: boolean;
  /** Whether the client takes answers, so that a refused command can be answered. */
  readonly mayAnswer: boolean;
  /** Judges a command by its front. The server does not get a refused one. */
  judge(command: PendingCommand): 'pass' | 'refuse';
  /** A command has passed: the server has all of it, and has answered all commands before it. */
  passed(command: PendingCommand): void;
}

/** The phase of a conversation. */
export type Phase =
  /** The server has not greeted yet. */
  | 'greeting'
  /** The client has not answered the greeting yet. */
  | 'response'
  /** The authentication continues until the server sends OK or ERR. */
  | 'authentication'
  | 'commands'
  /** The server refused the client with an ERR and is about to close. */
  | 'refused'
  /** A known stream that has no commands and responses, such as a binary log. */
  | 'stream'
  /** TLS between client and server passes through. */
  | 'tls'
  /** A packet could not be followed. All bytes pass unread. */
  | 'unparsed';

/** The reason why a conversation cannot be followed any more, for the log. */
export interface Unparsed {
  readonly direction: Peer;
  /** One phrase. */
  readonly reason: string;
  readonly phase: Phase;
  /** The packet that the reader of that direction expected. */
  readonly awaited: string;
  /** The offset in that direction's stream. */
  readonly offsetBytes: number;
  /** The first bytes of the packet in question, in hexadecimal. */
  readonly hex: string;
}
