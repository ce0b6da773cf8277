import type { Outcome } from '../../audit/record.js';
import type { PendingCommand, PreparedStatement } from '../../conversation/command.js';
import type { Conversation } from '../../conversation/conversation.js';
import type { ConversationObserver, ResponseObserver } from '../../conversation/conversationObserver.js';
import { ClientProfile } from '../../policy/clientProfile.js';
import type { GovernedUsage } from '../../policy/governedUsage.js';
import type { Statement } from '../../policy/statement.js';
import { FrameNumbers } from '../../protocol/frameNumbers.js';
import { encodeErr, type ServerError, type Tracked } from '../../protocol/packets.js';
import { UNASKED_FILE } from '../connection/sessionEnd.js';
import type { Settled } from '../flow/direction.js';
import { unaskedFilePacket } from '../flow/lastPackets.js';
import type { ResponseDecisions } from '../flow/responseDecisions.js';
import { SocketQuestion } from '../pace/socketQuestion.js';
import { conversationFor } from './conversationFor.js';
import type { Enforcer } from './enforcer.js';
import type { Recorder } from './recorder.js';
import { Refusing } from './refusing.js';
import type { SessionControls } from './sessionControls.js';
import { SessionOrders } from './sessionOrders.js';
import { SessionStalls } from './sessionStalls.js';
import { ENDED_AFTER_ALL, SET_UP_REFUSED } from './sessionWarnings.js';

/** Follows the responses of one session: finds the terms for each, and records and counts its end. */
export class Supervisor implements ResponseObserver<GovernedUsage>, ResponseDecisions {
  readonly conversation: Conversation<GovernedUsage>;
  readonly stalls: SessionStalls;
  readonly orders: SessionOrders;
  readonly refusing: Refusing;
  private readonly profile: ClientProfile;
  private readonly socketQuestion = new SocketQuestion();
  /** The `net_write_timeout` that Sluice sets for the session, in ms, whatever a reload says later; null for none. */
  private readonly netWriteTimeoutMs: number | null;

  /**
   * @param observer gets the other events of the conversation
   * @param clientAddress the client's IP address; empty if it has none
   */
  constructor(
    private readonly session: SessionControls,
    private readonly enforcer: Enforcer,
    private readonly recorder: Recorder,
    observer: ConversationObserver,
    clientAddress: string,
  ) {
    const { shared } = session;
    this.refusing = new Refusing(session, recorder, () => this.profile);
    this.conversation = conversationFor(shared, observer, this, this.refusing);
    this.netWriteTimeoutMs = shared.config.streaming.netWriteTimeoutMs;
    this.profile = new ClientProfile(shared, this.conversation, clientAddress);
    this.stalls = new SessionStalls(session, this.profile, recorder);
    this.orders = new SessionOrders(session, enforcer);
  }

  contain(work: () => void): void {
    this.session.contain(work);
  }

  threw(error: unknown): void {
    this.session.threw(error);
  }

  // Events of the responses.

  newUsage(command: PendingCommand): GovernedUsage {
    this.socketQuestion.see(command);
    const usage = this.profile.govern(command);
    this.stalls.begin(usage);
    this.session.shared.sampler.begin(usage);
    this.enforcer.start(usage);
    if (this.session.hasParted) usage.cut(true);
    return usage;
  }

  cursorOpened(usage: GovernedUsage): void {
    this.enforcer.cursorOpened(usage);
  }

  usageEnded(usage: GovernedUsage, error: ServerError | null, isComplete: boolean): void {
    if (isComplete) this.enforcer.finish(usage, error);
    else this.recorder.result(usage, 'unparsed', false, null, this.enforcer.release(usage));
    this.session.shared.metrics.resultEnded(usage);
  }

  /** Counts a statement that has changed data, and may record it as a sample. Does nothing if neither is wanted. */
  endedWithoutResult(command: PendingCommand, error: ServerError | null): void {
    const { session, session: { shared: { statistics, sampler } } } = this;
    if (statistics === null && !sampler.isOn) return;
    const usage = this.profile.governEnded(command);
    if (!usage.isChange) return;
    usage.stallMsBefore = session.responses.totalStallMs;
    sampler.begin(usage);
    this.recorder.result(usage, session.hasParted ? 'client-gone' : 'completed', true, error, 0);
  }

  statementDone(command: PendingCommand, told: Tracked): void {
    if (command.answerCount === 1) this.socketQuestion.see(command);
    this.profile.statementDone(command, told);
    const { usage } = this.conversation.server;
    if (usage !== null && !usage.isCut && this.profile.governAgain(usage)) this.enforcer.start(usage);
  }

  textForgotten(statement: PreparedStatement): Statement {
    return this.profile.keptOf(statement);
  }

  reset(): void {
    this.profile.reset();
  }

  /** The server has answered the set-up. If it has refused, the session continues without it. */
  setUp(error: ServerError | null): void {
    const { occasions } = this.session.shared;
    if (error !== null) {
      occasions.warn('set-up', { ...this.session.origin(), code: error.code, error: error.message }, SET_UP_REFUSED);
    } else if (this.netWriteTimeoutMs !== null) this.profile.setUp(this.netWriteTimeoutMs);
  }

  // Decisions for the flow of responses.

  refused(error: ServerError): void {
    const { code, message } = error;
    // The client gets the server's own error number, which it knows how to handle: after 1040 a pool waits for a place.
    const { connections, shared } = this.session;
    const reason = `${connections.upstreamName} refused the connection: ${message} (error ${code})`;
    shared.upstreams.refused(connections.upstreamAddress, reason);
    this.session.refuse(reason, encodeErr(0, error));
  }

  compressed(): void {
    const { requests, responses } = this.session;
    const { compression } = this.conversation.dialect;
    if (compression !== null) {
      const numbers = new FrameNumbers(() => responses.isAnswering);
      requests.beginFrames(compression, numbers);
      responses.beginFrames(compression, numbers);
    }
    this.sessionBegun();
  }

  sessionBegun(): void {
    const packet = this.conversation.beginSetUp();
    if (packet !== null) this.session.requests.command(packet);
  }

  /** If the server's request for a file may pass, held back rows go to the client first, since it has to answer. */
  fileRequested(): Settled {
    if (this.profile.mayBeAskedForFile()) {
      this.enforcer.letGo();
      this.conversation.server.admitFile();
    } else {
      const end = unaskedFilePacket(this.conversation.server.sequenceId);
      this.session.abort('the server asked for a file that was not offered', { end, refusal: null }, UNASKED_FILE);
    }
    return 'onward';
  }

  caughtUp(): void {
    const { usage } = this.conversation.server;
    if (usage !== null) this.enforcer.progressed(usage);
    this.recorder.handOver();
    this.orders.caughtUp();
    this.session.requests.flow.unblock(); // the next command may have waited for the end of a response
    this.session.sayGoodbye();
  }

  stalled(isStalled: boolean): void {
    if (isStalled) {
      this.stalls.start();
      return;
    }
    this.session.connections.upstreamBuffer.taken();
    this.stalls.stop();
    this.session.requests.flow.unblock(); // a refused command may wait for room for its answer
    this.session.sayGoodbye();
  }

  /** Nothing of this client may pass without being judged. */
  get refusesUnjudged(): boolean {
    return this.profile.refusesUnjudged;
  }

  /** Both connections are closed. A response whose end was not seen is recorded up to its last byte. */
  close(outcome: Outcome): void {
    const { conversation: { server }, enforcer, recorder, session: { shared, responses } } = this;
    this.stalls.stop();
    if (outcome === 'client-gone' && this.socketQuestion.wasLast) shared.bypasses.warn(this.session.origin());
    const usages = this.conversation.openUsages();
    const { cutUsage, cutting } = enforcer;
    // First gives back what the usages hold, so that an error in a record cannot prevent it.
    const held = new Set(cutUsage === null ? usages : [...usages, cutUsage]);
    const discarded = new Map([...held].map((usage) => [usage, enforcer.release(usage)]));
    for (const usage of held) {
      usage.endForwarding(responses.hasHandedOver, usage === server.usage ? server.rowBytesToCome : 0);
    }
    if (cutting?.owesEnd && outcome !== 'upstream-gone') this.statementEnded(cutting.usage);
    recorder.close(responses.hasHandedOver, outcome);
    this.stalls.close(outcome);
    for (const usage of usages) {
      shared.metrics.resultEnded(usage);
      recorder.result(usage, usage.givenUp === null ? outcome : 'closed', false, null, discarded.get(usage) ?? 0);
    }
    // The end of this response was seen, but not the outcome of the attempt to kill its statement.
    if (cutUsage !== null) recorder.result(cutUsage, outcome, true, null, discarded.get(cutUsage) ?? 0);
  }

  /** The statement did not run to its end, and the client has gone: only the log and the record can say so. */
  private statementEnded(usage: GovernedUsage): void {
    usage.isStatementEnded = true;
    this.session.log.warn({}, ENDED_AFTER_ALL);
  }
}
