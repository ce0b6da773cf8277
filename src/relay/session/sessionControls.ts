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
 * One session, as its parts see it: the parts that several of them work with, where it stands, and what can be done
 * with it as a whole. Parts that are made early may find others missing until all are made.
 */
export interface SessionControls extends Containment {
  /** Sluice's number for the session. */
  readonly id: number;
  readonly encryption: SessionEncryption;
  /** As it is at this moment: a reload replaces what is in it. */
  readonly shared: Shared;
  readonly log: SessionLog;
  readonly conversation: Conversation<GovernedUsage>;
  readonly connections: Connections;
  readonly requests: RequestFlow;
  readonly responses: ResponseFlow;
  /** For the current step of the connection phase. */
  readonly deadline: Deadline;

  /** Whose session it is, for records and the log. */
  origin(): Origin;
  /** Both connections are closed, or about to be. */
  readonly isOver: boolean;
  /** The client's connection is closed, or closing, and the server's goes on. */
  readonly hasParted: boolean;
  /** The end with which a TLS handshake is under way; null where none is. */
  readonly handshakeWith: Peer | null;
  /** A cut response is being discarded whose statement is to run to its end, also where its client leaves. */
  readonly runsOn: boolean;

  /** Ends a session whose client has not been greeted, with an error in place of the greeting. */
  refuse(message: string, errorPacket?: Buffer): void;
  /** Ends both connections; the client still gets what was sent to it, and `last`. The label says why. */
  abort(reason: string, last?: LastPackets, label?: EndLabel): void;
  /** Ends both connections at once. */
  destroy(reason: string, label: EndLabel): void;
  /** Closes the client's connection behind these packets. The server's goes on until the response is over. */
  letClientGo(reason: string, last: LastPackets): void;
  /** The server's connection goes on without the client's. Is called once. */
  parted(): void;
  /** The client has said all it has to say (FIN). */
  clientEnded(): void;
  /** Drops whatever comes from now on. */
  closeFlows(): void;
  /** Takes leave of both ends, where the session is to end and nothing is under way. */
  sayGoodbye(): void;
  /** Goes on with the responses, after a decision that took time. */
  resumeResponses(): void;
  /** Goes on with the client's commands. */
  resumeRequests(): void;
}
