import type { Logger } from 'pino';
import type { Conversation } from '../../conversation/conversation.js';
import type { Connections } from '../connection/connections.js';
import type { RequestFlow } from '../flow/requestFlow.js';
import type { ResponseFlow } from '../flow/responseFlow.js';
import type { Shared } from '../shared.js';
import type { SessionEncryption } from '../tls/encryption.js';

/** What a session is made of. */
export interface SessionParts {
  /** Sluice's number for the session. */
  readonly id: number;
  readonly encryption: SessionEncryption;
  readonly shared: Shared;
  readonly log: Logger;
  readonly conversation: Conversation;
  readonly connections: Connections;
  readonly requests: RequestFlow;
  readonly responses: ResponseFlow;
}
