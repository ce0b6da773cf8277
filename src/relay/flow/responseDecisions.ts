import type { ServerError } from '../../protocol/packets.js';
import type { Containment } from '../containment.js';
import type { Settled } from './flow.js';

/** What the session decides for the flow of responses. */
export interface ResponseDecisions extends Containment {
  /** The server refused the connection in place of a greeting. */
  refused(error: ServerError): void;
  /** What follows, in both directions, comes in compressed frames. */
  compressed(): void;
  /** The client has been let in, or has reset its session: it is to be set up before its next command. */
  sessionBegun(): void;
  /** The server asks for a file: lets the request go on, or ends the session. */
  fileRequested(): Settled;
  /** Responses were dealt with later than in the turn in which they came. */
  caughtUp(): void;
  /** The client has stopped, or goes on, reading. */
  stalled(isStalled: boolean): void;
}

/** What is decided about a response while it comes. */
export interface ResponseVerdicts {
  /**
   * A response has reached its limit, or an error at which it is to stop: admits or cuts it in the conversation, ends
   * the session, or takes its time.
   */
  limitReached(reason: 'rows' | 'bytes' | 'error'): Settled;
  /** The server has gone: ends the session where a response is, or was to be, held back. Returns whether it does. */
  heldLost(): boolean;
  /** This many bytes of a response that was cut have been discarded. */
  discarded(byteCount: number): void;
  /** The rest of a response that was cut has been discarded. */
  drained(): void;
}
