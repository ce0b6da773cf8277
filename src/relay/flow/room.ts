/** The room for the next bytes of a flow, besides the room in its sink. */
export interface Room {
  /** Whether the next bytes may have to go to the sink. If so, nothing is read while there is no room. */
  readonly isNeeded: boolean;
  /** Whether nothing may be written although the sink takes bytes. */
  readonly isShut: boolean;
  /** Whether nothing is read for a moment, so that more comes at once. */
  readonly isPausing: boolean;
  /** Whether more is read although the sink has not taken the earlier bytes. */
  readsPastSink(isBlocked: boolean): boolean;
}

/** The room of a flow that only its sink bounds. */
export const SINK_ROOM: Room = { isNeeded: true, isShut: false, isPausing: false, readsPastSink: () => false };
