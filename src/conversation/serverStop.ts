/** The reason why a scan of the server's bytes stopped. */
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
  /** The packet at this header asks for a file. It may pass only if the client has offered one. */
  | 'fileRequest'
  /** While discarding: the server waits for a file. The client will not get that request. */
  | 'fileWanted'
  /** While discarding: the response is over. */
  | 'drained'
  /** The connection phase is over. Compressed frames follow. */
  | 'compressed';

/** A step of a session's set-up, or of another command of Sluice's own. */
export type SetUpStop =
  /** The server has accepted the login or reset the session, so the session is to be set up. */
  | 'sessionBegun'
  /** The server has answered the set-up, or another command of Sluice's own. */
  | 'ownAnswer';
