/** Why a scan of the client's bytes stopped. */
export type ClientStop =
  | 'none'
  /** The packet at this header must not go to the server yet. */
  | 'waiting'
  /** The COM_CHANGE_USER at this header has to be bridged. */
  | 'userChange'
  /** The command at this header is refused. */
  | 'refused'
  /** The packet of a refused command ends here. */
  | 'swallowed';
