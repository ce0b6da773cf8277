// What the log warns of in a session whose server waits for its client, or does not do what Sluice asks of it.

const REMEDY = 'read faster, or set streaming.netWriteTimeout or a larger net_write_timeout';

/** The server may give the client up soon. */
export const NEAR_LOSS =
  'the server has been kept from writing for half of its net_write_timeout, and closes the connection when that ' +
  `passes: ${REMEDY}`;

/** The server has given the client up. */
export const LOST =
  `the server closed the connection in the middle of a response that it was kept from writing: ${REMEDY}`;

/** What the error of a cut promised was not kept. */
export const ENDED_AFTER_ALL =
  'a statement was ended in the middle, though the error that its client got says that it runs to its end';

/** The session goes on with the server's own time-out. */
export const SET_UP_REFUSED =
  'the server refused to set net_write_timeout for a session, as streaming.netWriteTimeout asks; it goes on without';
