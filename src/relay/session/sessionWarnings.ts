// Warnings of a session in the log: the client keeps the server waiting, or the server did not do what Sluice asked.

const REMEDY = 'read faster, or set streaming.netWriteTimeout or a larger net_write_timeout';

/** The server may close the connection soon. */
export const NEAR_LOSS =
  'the server has been kept from writing for half of its net_write_timeout, and closes the connection when that ' +
  `passes: ${REMEDY}`;

/** The server has closed the connection. */
export const LOST =
  `the server closed the connection in the middle of a response that it was kept from writing: ${REMEDY}`;

/** The error of a cut has told the client otherwise. */
export const ENDED_AFTER_ALL =
  'a statement was ended in the middle, though the error that its client got says that it runs to its end';

/** The session continues with the server's own time-out. */
export const SET_UP_REFUSED =
  'the server refused to set net_write_timeout for a session, as streaming.netWriteTimeout asks; it goes on without';
