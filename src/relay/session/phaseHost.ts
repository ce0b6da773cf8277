import type { EndLabel } from '../../telemetry/metrics.js';
import type { ServerError } from '../../protocol/packets.js';
import type { Containment } from '../containment.js';
import type { Deadline } from '../connection/deadline.js';
import type { LastPackets } from '../flow/lastPackets.js';

/** What the connection phase asks of its session. */
export interface PhaseHost extends Containment {
  /** The server refused the connection in place of a greeting. */
  refused(error: ServerError): void;
  /** Ends a session whose client has not been greeted. */
  refuse(message: string): void;
  /** Ends a session; its client gets these packets. */
  abort(reason: string, last?: LastPackets): void;
  /** Ends a session at once. */
  destroy(reason: string, label: EndLabel): void;
  /** The client has left. */
  clientEnded(): void;
  /** For the current step of the connection phase. */
  readonly deadline: Deadline;
  /** What follows, in both directions, comes in compressed frames, where that was agreed on. */
  compressed(): void;
  /** The client has been let in, or is somebody else now: its session is to be set up before its next command. */
  sessionBegun(): void;
  /** Responses were dealt with later than in the turn in which they came. */
  caughtUp(): void;
}
