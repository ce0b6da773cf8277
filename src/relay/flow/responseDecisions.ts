import type { ServerError } from '../../protocol/packets.js';
import type { Containment } from '../containment.js';
import type { Settled } from './direction.js';

/** The session's decisions for the flow of responses. */
export interface ResponseDecisions extends Containment {
  /** The server refused the connection instead of sending a greeting. */
  refused(error: ServerError): void;
  /** All further bytes, in both directions, come in compressed frames. */
  compressed(): void;
  /**
   * The client has logged in, or has reset its session. Sluice sets the session up before the client's next command.
   */
  sessionBegun(): void;
  /** The server asks for a file: lets the request pass, or ends the session. */
  fileRequested(): Settled;
  /** Responses were handled in a later turn of the event loop than the turn in which they came. */
  caughtUp(): void;
  /** The client has stopped reading, or reads again. */
  stalled(isStalled: boolean): void;
}

/** The decisions about a response while it comes. */
export interface ResponseVerdicts {
  /**
   * A response has reached its limit, or an error at which it has to stop. Admits the response, cuts it, ends the
   * session, or blocks the flow until a later decision.
   */
  limitReached(reason: 'rows' | 'bytes' | 'error'): Settled;
  /**
   * The connection to the server has ended. Ends the session if a response is held back, or was to be. Returns whether
   * it does.
   */
  abortHeld(): boolean;
  /** Sluice has discarded this many further bytes of a cut response. */
  discarded(byteCount: number): void;
  /** Sluice has discarded the rest of a cut response. */
  drained(): void;
}
