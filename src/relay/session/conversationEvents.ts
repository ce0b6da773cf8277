import type { ClientIdentity } from '../../protocol/handshakeResponse.js';
import type { ServerError } from '../../protocol/packets.js';
import type { ConversationObserver, Unparsed } from '../../conversation/conversationObserver.js';
import type { Enforcer } from './enforcer.js';
import type { SessionControls } from './sessionControls.js';
import { logRefusal } from '../connection/sessionEnd.js';

/** A session's reactions to the events of its conversation. */
export class ConversationEvents implements ConversationObserver {
  /** @param refusesUnjudged tells whether nothing of the client may pass without being judged */
  constructor(
    private readonly session: SessionControls,
    private readonly enforcer: Enforcer,
    private readonly refusesUnjudged: () => boolean,
  ) {}

  greeted(): void {
    this.awaitWithinHandshake('the client did not answer the greeting');
  }

  identified(): void {
    if (this.session.conversation.phase !== 'authentication') return;
    this.awaitWithinHandshake('the authentication did not come to its end');
  }

  ready(): void {
    this.session.deadline.clear();
  }

  loginRefused(error: ServerError): void {
    const { log: { log }, connections } = this.session;
    logRefusal(log, `${connections.upstreamName} refused the login`, error, this.session.origin());
  }

  userChangeRefused(asked: ClientIdentity | null, error: ServerError): void {
    const { log: { log }, connections } = this.session;
    const origin = { ...this.session.origin(), user: asked?.user ?? '' };
    logRefusal(log, `${connections.upstreamName} refused the change of user`, error, origin);
  }

  streams(kind: 'stream' | 'tls'): void {
    this.session.shared.metrics.opaqueSessions.increment(kind);
  }

  unparsed(problem: Unparsed): void {
    const { session } = this;
    const { shared: { config, metrics }, conversation, requests, responses } = session;
    session.deadline.clear();
    metrics.protocolErrors.increment(problem.direction);
    session.log.warn(problem, 'cannot follow this session any more');
    this.enforcer.letGo();
    const mayPass = responses.canPass && !conversation.client.isSwallowing && !this.refusesUnjudged();
    const isRelayed = mayPass && config.onUnparsed === 'relay';
    if (isRelayed) metrics.opaqueSessions.increment(problem.reason);
    if (!isRelayed) session.abort('what came could not be followed', undefined, ['sluice', 'unparsed']);
    else if (problem.direction === 'client') responses.flushUndecided();
    else requests.flow.flushUndecided();
  }

  private awaitWithinHandshake(failure: string): void {
    const { deadline, shared } = this.session;
    deadline.set(failure, shared.config.connections.handshakeTimeoutMs);
  }
}
