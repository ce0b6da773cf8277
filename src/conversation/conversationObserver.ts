import type { Greeting } from '../protocol/greeting.js';
import type { ClientIdentity } from '../protocol/handshakeResponse.js';
import type { ServerError } from '../protocol/packets.js';
import type { PendingCommand, PreparedStatement, Usage } from './command.js';
import type { Peer } from '../protocol/peer.js';

/** Is told what happens in a conversation, while it happens. */
export interface ConversationObserver {
  /** The server has greeted. */
  greeted(greeting: Greeting): void;
  /** The client has said who it is: in its answer to the greeting, or by a COM_CHANGE_USER that succeeded. */
  identified(identity: ClientIdentity): void;
  /** The connection phase is over: commands may come. */
  ready(): void;
  /** The server has refused the client during the connection phase, and is about to close. */
  loginRefused?(error: ServerError): void;
  /** The server has refused to let the client become `asked`: null where it has not said yet whom. */
  userChangeRefused?(asked: ClientIdentity | null, error: ServerError): void;
  /** From here on comes a stream that is not made of commands and responses, or a client's TLS. */
  streams?(kind: 'stream' | 'tls'): void;
  /** From here on nothing is followed. */
  unparsed(problem: Unparsed): void;
}

/**
 * Is told of each response while it comes, and of what changes for those that follow.
 * @typeParam U what counts a response
 */
export interface ResponseObserver<U extends Usage> {
  /** A response's first result set begins, or a fetch from a cursor of which nothing is known. Says what counts it. */
  newUsage(command: PendingCommand): U;
  /** What the usage counts comes from a server-side cursor, fetch by fetch. */
  cursorOpened(usage: U): void;
  /**
   * A usage has come to its end; `error` is what the server ended it with, where it did not end well. It is not
   * complete where following ended before it did.
   */
  usageEnded(usage: U, error: ServerError | null, isComplete: boolean): void;
  /**
   * An OK has answered a statement of a COM_QUERY or an execution: the one that is counted by `answers`.
   * @param toldSchema the OK itself says what the default schema is now
   */
  statementDone(command: PendingCommand, toldSchema: boolean): void;
  /**
   * A prepared statement's text is about to be forgotten. Says what to keep of it; null, or nobody there to say so, for
   * nothing.
   */
  textForgotten?(statement: PreparedStatement): object | null;
  /** By a COM_RESET_CONNECTION or a COM_CHANGE_USER, what the session has set is forgotten. */
  reset?(): void;
  /** The server has answered the session's set-up; `error` is with what, where it refused it. */
  setUp?(error: ServerError | null): void;
}

/** Where two ends stand with each other. */
export type Phase =
  /** The server has not greeted yet. */
  | 'greeting'
  /** The client has not answered the greeting yet. */
  | 'response'
  /** The two talk until the server says OK or ERR. */
  | 'authentication'
  | 'commands'
  /** The server refused the client with an ERR and is about to close. */
  | 'refused'
  /** A stream that is known but not made of commands and responses, as of a binary log. */
  | 'stream'
  /** The client's TLS is the server's. */
  | 'tls'
  /** Something came that could not be followed; bytes pass unlooked at. */
  | 'unparsed';

/** Something that cannot be followed, for the log. */
export interface Unparsed {
  readonly direction: Peer;
  /** Why, as one phrase. */
  readonly reason: string;
  readonly phase: Phase;
  /** What the reader of that direction was waiting for. */
  readonly awaited: string;
  /** Where in that direction's stream, in bytes. */
  readonly offsetBytes: number;
  /** The first bytes of the packet in question, in hexadecimal. */
  readonly hex: string;
}
