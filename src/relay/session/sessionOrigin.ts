import type { Origin } from '../../audit/record.js';
import type { ClientIdentity } from '../../protocol/handshakeResponse.js';
import type { SessionControls } from './sessionControls.js';

/**
 * The client, user and server of a session, for records and the log. The object is created again only after a change,
 * since statistics need it after every response.
 */
export class SessionOrigin {
  private known: Origin | null = null;
  /** The identity that `known` was made from. */
  private identity: ClientIdentity | null = null;

  constructor(private readonly session: Pick<SessionControls, 'id' | 'conversation' | 'connections'>) {}

  /** The present origin: a snapshot. */
  get current(): Origin {
    const { identity, schema } = this.session.conversation;
    const isKnown = identity !== null && this.identity === identity && this.known?.schema === schema;
    if (!isKnown) this.known = this.make();
    this.identity = identity;
    return this.known!;
  }

  private make(): Origin {
    const { id, conversation, connections } = this.session;
    return {
      user: conversation.identity?.user ?? '',
      schema: conversation.schema,
      client: connections.clientAddress,
      program: conversation.identity?.attributes.get('program_name') ?? null,
      connectionId: conversation.greeting?.connectionId ?? null,
      session: id,
      upstream: connections.upstreamAddress,
    };
  }
}
