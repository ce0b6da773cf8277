import type { Greeting } from '../protocol/greeting.js';
import type { ClientIdentity } from '../protocol/handshakeResponse.js';
import type { ServerError } from '../protocol/packets.js';
import type { PendingCommand, PreparedStatement, Usage } from './command.js';
import type { Peer } from '../protocol/peer.js';

/** An observer of a conversation: it is told of each event when it happens. */
export interface ConversationObserver {
  /** The server has greeted. */
  greeted(greeting: Greeting): void;
  /** The client has said who it is: in its answer to the greeting, or by a COM_CHANGE_USER that succeeded. */
  identified(identity: ClientIdentity): void;
  /** The connection phase is over: commands may come. */
  ready(): void;
  /** The server has refused the client during the connection phase, and is about to close. */
  loginRefused?(error: ServerError): void;
  /** The server refused a COM_CHANGE_USER; `asked` is null where the new identity had not arrived yet. */
  userChangeRefused?(asked: ClientIdentity | null, error: ServerError): void;
  /** What follows is a stream without commands and responses, or TLS of the client. */
  streams?(kind: 'stream' | 'tls'): void;
  /** Nothing is followed from here on. */
  unparsed(problem: Unparsed): void;
}

/**
 * An observer of responses, and of what changes for later ones.
 * @typeParam U what counts a response
 */
export interface ResponseObserver<U extends Usage> {
  /** The first result set of a response begins, or a fetch from an unknown cursor. Returns what counts it. */
  newUsage(command: PendingCommand): U;
  /** The usage counts a server-side cursor, fetch by fetch. */
  cursorOpened(usage: U): void;
  /**
   * A usage has ended.
   * @param error the error with which the server ended it; null where it ended well
   * @param isComplete false where following ended before the response did
   */
  usageEnded(usage: U, error: ServerError | null, isComplete: boolean): void;
  /**
   * An OK has answered a statement of a COM_QUERY or an execution: the one that `answerCount` counts.
   * @param toldSchema the OK itself says what the default schema is now
   */
  statementDone(command: PendingCommand, toldSchema: boolean): void;
  /**
   * A prepared statement's text is about to be forgotten. Returns what to keep instead; null for nothing.
   */
  textForgotten?(statement: PreparedStatement): object | null;
  /** A COM_RESET_CONNECTION or COM_CHANGE_USER has reset what the session had set. */
  reset?(): void;
  /** The server has answered the session's set-up; `error` is null where it agreed. */
  setUp?(error: ServerError | null): void;
}

/** The phase of a conversation. */
export type Phase =
  /** The server has not greeted yet. */
  | 'greeting'
  /** The client has not answered the greeting yet. */
  | 'response'
  /** The authentication goes on until the server says OK or ERR. */
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

/** Why a conversation cannot be followed any more, for the log. */
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
