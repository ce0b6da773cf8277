import type { EndLabel } from '../../telemetry/metrics.js';
import type { ClientIdentity } from '../../protocol/handshakeResponse.js';
import type { ServerError } from '../../protocol/packets.js';
import type { PendingCommand, PreparedStatement, Usage } from '../../conversation/command.js';
import type { ConversationObserver, Unparsed } from '../../conversation/conversationObserver.js';
import type { Deadline } from '../connection/deadline.js';
import type { Departure } from './departure.js';
import type { LastPackets } from '../flow/lastPackets.js';
import type { SessionControls } from './sessionControls.js';
import type { SessionParts } from './sessionParts.js';
import { logRefusal } from '../connection/sessionEnd.js';
import type { Supervisor } from './supervisor.js';

/** Does what a session has to do when something happens in its conversation. */
export class ConversationEvents implements ConversationObserver {
  /** @param session its parts need not be there before the first event */
  constructor(private readonly session: HeardSession) {}

  greeted(): void {
    this.awaitWithinHandshake('the client did not answer the greeting');
  }

  identified(): void {
    this.session.supervisor.identified();
    if (this.session.conversation.phase !== 'authentication') return;
    this.awaitWithinHandshake('the authentication did not come to its end');
  }

  ready(): void {
    this.session.deadline.clear();
  }

  loginRefused(error: ServerError): void {
    const { log, connections, controls } = this.session;
    logRefusal(log, `${connections.upstreamName} refused the login`, error, controls.origin());
  }

  userChangeRefused(asked: ClientIdentity | null, error: ServerError): void {
    const { log, connections, controls } = this.session;
    const origin = { ...controls.origin(), user: asked?.user ?? '' };
    logRefusal(log, `${connections.upstreamName} refused the change of user`, error, origin);
  }

  reset(): void {
    this.session.supervisor.reset();
  }

  setUp(error: ServerError | null): void {
    this.session.supervisor.setUp(error);
  }

  newUsage(command: PendingCommand): Usage {
    const usage = this.session.supervisor.newUsage(command);
    if (this.session.departure.hasParted) usage.cut(true);
    return usage;
  }

  cursorOpened(usage: Usage): void {
    this.session.supervisor.cursorOpened(usage);
  }

  usageEnded(usage: Usage, error: ServerError | null, isComplete: boolean): void {
    this.session.supervisor.usageEnded(usage, error, isComplete);
  }

  statementDone(command: PendingCommand, toldSchema: boolean): void {
    this.session.supervisor.statementDone(command, toldSchema);
  }

  textForgotten(statement: PreparedStatement): object | null {
    return this.session.supervisor.textForgotten(statement);
  }

  streams(kind: 'stream' | 'tls'): void {
    this.session.shared.metrics.opaqueSessions.increment(kind);
  }

  unparsed(problem: Unparsed): void {
    const { session } = this;
    const { shared: { config, metrics }, requests, responses } = session;
    session.deadline.clear();
    metrics.protocolErrors.increment(problem.direction);
    session.controls.warn({ ...problem }, 'cannot follow this session any more');
    session.supervisor.unparsed();
    const isRelayed = responses.canPass && config.onUnparsed === 'relay';
    if (isRelayed) metrics.opaqueSessions.increment(problem.reason);
    if (!isRelayed) session.abort('what came could not be followed', undefined, ['sluice', 'unparsed']);
    else if (problem.direction === 'client') responses.flushHeld();
    else requests.flushHeld();
  }

  private awaitWithinHandshake(failure: string): void {
    const { deadline, shared } = this.session;
    deadline.set(failure, shared.config.connections.handshakeTimeoutMs);
  }
}

/** The session whose conversation it is. */
export interface HeardSession extends SessionParts {
  /** For the current step of the connection phase. */
  readonly deadline: Deadline;
  readonly supervisor: Supervisor;
  readonly controls: SessionControls;
  readonly departure: Departure;
  abort(reason: string, last?: LastPackets, label?: EndLabel): void;
}
