/** Why a scan of the server's bytes stopped. */
export type ServerStop =
  | 'none'
  | SetUpStop
  /** The server refused the connection in place of a greeting; its ERR packet is `refusal`. */
  | 'refused'
  /** The row at this header breaks the usage's `maxRows`. */
  | 'rows'
  /** The row at this header, or its continuation, breaks the usage's `maxBytes`. */
  | 'bytes'
  /** The error at this header ends a response that is to stop there. */
  | 'error'
  /** The packet at this header asks for a file: it goes on only once it is known that the client has offered one. */
  | 'fileRequest'
  /** While discarding: the server waits for a file that the client is not going to be asked for. */
  | 'fileWanted'
  /** While discarding: the response is over. */
  | 'drained'
  /** The connection phase is over; what follows comes in compressed frames. */
  | 'compressed';

/** What has come of a session's set-up. */
export type SetUpStop =
  /** The server has let the client in, or has reset the session: it is to be set up. */
  | 'sessionBegun'
  /** The server has answered the set-up. */
  | 'setUp';
