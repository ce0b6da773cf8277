import type { EndLabel } from '../../telemetry/metrics.js';
import type { Origin } from '../../audit/record.js';
import type { Conversation } from '../../conversation/conversation.js';
import type { GovernedUsage } from '../../policy/governedUsage.js';
import type { Peer } from '../../protocol/peer.js';
import type { Connections } from '../connection/connections.js';
import type { Deadline } from '../connection/deadline.js';
import type { Containment } from '../containment.js';
import type { LastPackets } from '../flow/lastPackets.js';
import type { RequestFlow } from '../flow/requestFlow.js';
import type { ResponseFlow } from '../flow/responseFlow.js';
import type { Shared } from '../shared.js';
import type { SessionEncryption } from '../tls/encryption.js';
import type { SessionLog } from './sessionLog.js';

/**
 * The session to its parts: the parts that they share, the session's state, and the actions on the session as a whole.
 * A part that is created early must not use a later part in its constructor.
 */
export interface SessionControls extends Containment {
  /** Sluice's number for the session. */
  readonly id: number;
  readonly encryption: SessionEncryption;
  /** Live: a reload replaces its fields. */
  readonly shared: Shared;
  readonly log: SessionLog;
  readonly conversation: Conversation<GovernedUsage>;
  readonly connections: Connections;
  readonly requests: RequestFlow;
  readonly responses: ResponseFlow;
  /** The deadline for the current step of the connection phase. */
  readonly deadline: Deadline;

  /** The client, user and server of the session, for records and the log. */
  origin(): Origin;
  /** Both connections are closed or closing. */
  readonly isOver: boolean;
  /** The client's connection is closed or closing, and the server's connection continues. */
  readonly hasParted: boolean;
  /** The peer with which a TLS handshake is under way; null if there is none. */
  readonly handshakeWith: Peer | null;
  /** A cut response is being discarded, and its statement must run to its end even if the client leaves. */
  readonly runsOn: boolean;

  /** Ends a session before its greeting: the client gets an error in place of the greeting. */
  refuse(message: string, errorPacket?: Buffer): void;
  /** Closes both connections. Before that the client still gets what was sent to it, and `last`. */
  abort(reason: string, last?: LastPackets, label?: EndLabel): void;
  /** Closes both connections at once. */
  destroy(reason: string, label: EndLabel): void;
  /** Closes the client's connection after these packets. The server's connection continues until the response ends. */
  letClientGo(reason: string, last: LastPackets): void;
  /** The client's connection is closing, and the server's connection continues. Is called once. */
  parted(): void;
  /** The client sends no more (FIN). */
  clientEnded(): void;
  /** From now on drops all bytes that arrive. */
  closeFlows(): void;
  /** Closes both connections if the session is to end and nothing is under way. */
  sayGoodbye(): void;
  /** Ends the session in order, if nothing is under way in it. Returns whether it does. The label says why. */
  takeLeave(label: EndLabel, reason: string): boolean;
  /** Continues with the responses after a decision that took time. */
  resumeResponses(): void;
  /** Continues with the client's commands. */
  resumeRequests(): void;
}
