/** An order about one session, as the admin endpoint takes it: end its statement, or end the session. */
export type SessionOrder = 'kill' | 'end';

/** The client of the admin endpoint that gives an order. */
export interface Asker {
  /** Its address, such as `10.0.0.7:51234`. */
  readonly client: string;
  /** Whether it has shown the token; false if none is configured. */
  readonly hasToken: boolean;
}

/** The outcome of an order. */
export interface OrderResult {
  readonly outcome: OrderOutcome;
  /** The server's number for the connection; null if it is not known. */
  readonly connectionId: number | null;
  /** A sentence about the effect, or the reason why there is none. */
  readonly message: string;
}

export type OrderOutcome =
  /** The server has accepted the order to end the statement. */
  | 'killed'
  /** Both connections of the session are closed, or closing. */
  | 'ended'
  /** There is no such session. */
  | 'absent'
  /** Sluice cannot do it, or must not. */
  | 'refused'
  /** The server's process list shows no such connection, or one that runs nothing. */
  | 'no-match'
  /** The statement ended before the order was sent. */
  | 'withdrawn'
  /** The server could not be asked, or has refused. */
  | 'failed'
  /** The order was sent and not answered. The session is closed, so that it cannot hit another statement. */
  | 'unknown';

/** The result for a session that is not there. */
export const NO_SUCH_SESSION: OrderResult = {
  outcome: 'absent', connectionId: null, message: 'there is no such session: it may have ended',
};
