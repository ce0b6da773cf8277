import type { Logger } from 'pino';
import type { Origin } from '../../audit/record.js';
import type { RefusedCommand } from '../../conversation/commandGate.js';
import type { Conversation } from '../../conversation/conversation.js';
import type { GovernedUsage } from '../../policy/governedUsage.js';
import { Command } from '../../protocol/commands.js';
import { encodePacket } from '../../protocol/framing.js';
import type { Peer } from '../../protocol/peer.js';
import type { EndLabel, SessionTotals } from '../../telemetry/metrics.js';
import type { OrderResult, SessionOrder } from '../../telemetry/sessionOrder.js';
import type { SessionDetail, SessionView } from '../../telemetry/status.js';
import type { Arrived } from '../connection/arrival.js';
import { Connections, type ConnectionsObserver } from '../connection/connections.js';
import { Deadline } from '../connection/deadline.js';
import { upstreamUnavailable } from '../connection/refusal.js';
import { logEnd, outcomeOf } from '../connection/sessionEnd.js';
import { Containment, UNEXPECTED } from '../containment.js';
import type { Diverted } from '../flow/framedInlet.js';
import { NO_LAST_PACKETS, type LastPackets } from '../flow/lastPackets.js';
import { RequestFlow, type RequestDecisions } from '../flow/requestFlow.js';
import { ResponseFlow } from '../flow/responseFlow.js';
import type { Shared } from '../shared.js';
import type { SessionEncryption } from '../tls/encryption.js';
import { ConnectionPhase } from './connectionPhase.js';
import { ConversationEvents } from './conversationEvents.js';
import { Departure } from './departure.js';
import { Enforcer } from './enforcer.js';
import { Recorder } from './recorder.js';
import type { SessionControls } from './sessionControls.js';
import { SessionLog } from './sessionLog.js';
import { SessionOrigin } from './sessionOrigin.js';
import { detailOf, viewOf } from './sessionView.js';
import { Supervisor } from './supervisor.js';
import { world } from '../../world/world.js';

/** One client's connection and its connection to the upstream server, from the first byte to the last. */
export class Session extends Containment implements SessionControls, ConnectionsObserver, RequestDecisions {
  /** Sluice's number for it. */
  readonly id: number;
  readonly encryption: SessionEncryption;
  private readonly startedAtMs: number;
  readonly log: SessionLog;
  readonly conversation: Conversation<GovernedUsage>;
  readonly connections: Connections;
  readonly requests: RequestFlow;
  readonly responses: ResponseFlow;
  readonly deadline = new Deadline((failure) => this.contain(() => this.onLate(failure)));
  private readonly whose = new SessionOrigin(this);
  private readonly enforcer: Enforcer;
  private readonly supervisor: Supervisor;
  private readonly departure = new Departure(this);
  private readonly connectionPhase: ConnectionPhase;
  private isToEnd = false;
  private readonly gather = (readBytes: number): void => this.contain(() => this.responses.gather(readBytes));

  /** @param arrived is not kept, in no closure either: it holds a socket whose place another one takes */
  constructor(
    arrived: Arrived, readonly shared: Shared, log: Logger, private readonly observer: SessionObserver,
  ) {
    super();
    const { early } = arrived;
    this.id = arrived.id;
    this.encryption = arrived.encryption;
    this.startedAtMs = arrived.startedAtMs;
    this.log = new SessionLog(log, arrived.id, arrived.clientAddress.text);
    const recorder = new Recorder(this);
    this.enforcer = new Enforcer(this, recorder);
    const events = new ConversationEvents(this, this.enforcer, () => this.supervisor.refusesUnjudged);
    this.supervisor = new Supervisor(this, this.enforcer, recorder, events, arrived.clientAddress.host);
    this.conversation = this.supervisor.conversation;
    this.connections = new Connections(arrived, shared, this);
    const { conversation, supervisor, enforcer, connections: { client, upstream, clientQueue } } = this;
    this.requests = new RequestFlow(client, upstream, conversation, this, enforcer);
    this.responses = new ResponseFlow(upstream, client, clientQueue, conversation, supervisor, enforcer);
    this.connectionPhase = new ConnectionPhase(this, supervisor);
    this.deadline.set(`${this.connections.upstreamName} did not greet`, shared.config.connections.handshakeTimeoutMs);
    this.contain(() => this.connectionPhase.begin());
    this.contain(() => this.connections.replayClient(early));
  }

  origin(): Origin {
    return this.whose.current;
  }

  get isOver(): boolean {
    return this.departure.end !== null && this.connections.isBroken;
  }

  get hasParted(): boolean {
    return this.departure.hasParted;
  }

  get handshakeWith(): Peer | null {
    return this.connectionPhase.handshakeWith;
  }

  get runsOn(): boolean {
    return this.enforcer.runsOn;
  }

  threw(error: unknown): void {
    this.log.error({ err: error }, UNEXPECTED);
    this.abort('an error that nobody expected', undefined, ['sluice', 'error']);
  }

  abort(reason: string, last = NO_LAST_PACKETS, label: EndLabel = ['sluice', 'limit']): void {
    this.departure.note(label, reason);
    const lastBytes = this.responses.wrapLast(last);
    this.closeFlows();
    this.connections.dismiss(lastBytes);
  }

  destroy(reason: string, label: EndLabel): void {
    this.departure.note(label, reason);
    this.closeFlows();
    this.connections.destroy();
  }

  refuse(message: string, errorPacket = upstreamUnavailable(message)): void {
    this.departure.note(['upstream', 'unavailable'], message);
    this.log.warn({}, message);
    this.closeFlows();
    this.connections.refuse(errorPacket);
  }

  letClientGo(reason: string, last: LastPackets): void {
    this.departure.note(['sluice', 'limit'], reason);
    this.departure.part(false, this.responses.wrapLast(last));
  }

  parted(): void {
    this.supervisor.stalls.stop();
    this.observer.parted(this);
  }

  closeFlows(): void {
    this.deadline.clear();
    this.departure.close();
    this.connectionPhase.close();
    this.requests.flow.close();
    this.responses.close();
  }

  resumeResponses(): void {
    this.responses.flow.unblock();
    this.supervisor.caughtUp();
  }

  resumeRequests(): void {
    if (this.hasParted) this.departure.goOn();
    else this.requests.flow.unblock();
    this.sayGoodbye();
  }

  /** Stops discarding the cut response: too many responses are being discarded without their clients. */
  giveUpDrain(): void {
    this.enforcer.giveUpDrain();
  }

  /** Ends the session as soon as nothing would be lost: between two commands, and outside a transaction. */
  endWhenIdle(): void {
    this.isToEnd = true;
    this.sayGoodbye();
  }

  sayGoodbye(): void {
    if (this.isToEnd) this.takeLeave(['sluice', 'drained'], 'Sluice is about to stop');
  }

  takeLeave(label: EndLabel, reason: string): boolean {
    const { conversation, requests, responses } = this;
    if (this.departure.end !== null) return false;
    if (!conversation.isIdle || !requests.flow.isEmpty || !responses.flow.isEmpty) return false;
    this.departure.note(label, reason);
    const quit = requests.wrapCommand(encodePacket(0, Buffer.from([Command.QUIT])));
    this.closeFlows();
    this.connections.takeLeave(quit);
    return true;
  }

  /** Carries out an order of the admin endpoint. */
  order(order: SessionOrder): Promise<OrderResult> {
    return this.supervisor.orders[order]();
  }

  get unreadMark(): string | null {
    return this.hasParted ? null : this.connections.unreadMark;
  }

  lookForClient(): void {
    this.departure.lookForClient();
  }

  /** The session's state for the list of sessions. */
  view(): SessionView {
    return viewOf(this, this.startedAtMs, this.enforcer.isHolding);
  }

  /** All that may be shown of it. */
  detail(): SessionDetail {
    return detailOf(this, this.startedAtMs, this.enforcer.isHolding);
  }

  get totals(): SessionTotals {
    const { bytesToClient, bytesToUpstream } = this.connections.writtenBytes;
    return { bytesToClient, bytesToUpstream, stallMs: this.responses.totalStallMs };
  }

  // Decisions for the flow of requests.

  left(): void {
    this.departure.left();
  }

  userChangeBegun(begun: Diverted): void {
    this.connectionPhase.changeUser(begun);
  }

  readonly commandRefused = (refused: RefusedCommand): void => this.supervisor.refusing.answer(refused);

  // Events on the two connections.

  get isInRequest(): boolean {
    return !this.conversation.client.isBetweenPackets;
  }

  clientRead(byteCount: number): void {
    const { requests: { flow }, conversation, connections: { clientBuffer } } = this;
    // The client has sent more bytes after all answers, so it has taken the answers.
    if (conversation.commands.length === 0) this.responses.room.window.restart();
    clientBuffer.deliver(byteCount, flow);
    const isTaken = flow.undecidedBytes === 0 && !flow.sink.isFull && !flow.waitsForTurn;
    const isComplete = isTaken && conversation.client.isBetweenPackets && !conversation.isUploading;
    clientBuffer.adapt(byteCount, flow, isComplete, Infinity);
  }

  upstreamRead(byteCount: number): void {
    const { responses, conversation } = this;
    const { upstreamBuffer } = this.connections;
    upstreamBuffer.deliver(byteCount, responses.flow);
    this.supervisor.caughtUp();
    const isComplete = conversation.phase === 'commands' && conversation.commands.length === 0;
    upstreamBuffer.adapt(byteCount, responses.flow, isComplete, responses.room.window.readBytes);
    if (responses.mayGather) upstreamBuffer.whenDelivered(byteCount, this.gather);
  }

  clientEnded(): void {
    this.departure.clientEnded();
  }

  upstreamEnded(): void {
    if (this.conversation.phase !== 'greeting') this.noteUpstreamEnd('closed', 'closed');
    else this.refuse(`${this.connections.upstreamName} closed the connection without a greeting`);
  }

  clientFailed(error: NodeJS.ErrnoException): void {
    this.departure.clientFailed(error);
  }

  upstreamFailed(error: NodeJS.ErrnoException): void {
    const reason = error.code ?? error.message;
    if (this.conversation.phase === 'greeting') {
      this.refuse(`lost ${this.connections.upstreamName} before its greeting: ${reason}`);
      return;
    }
    this.noteUpstreamEnd('error', reason);
    this.responses.flow.flushRest();
    this.connections.relayUpstreamReset();
  }

  closed(): void {
    this.closeFlows();
    const end = this.departure.noteLeaving();
    this.contain(() => this.supervisor.close(outcomeOf(end)));
    this.shared.metrics.sessionEnded(end.label, this.totals);
    const durationMs = world.nowMs() - this.startedAtMs;
    logEnd(this.log.log, end, { session: this.id, client: this.connections.clientAddress, durationMs });
    this.observer.ended(this);
  }

  private onLate(failure: string): void {
    if (this.conversation.phase === 'greeting') this.refuse(failure);
    else this.destroy(failure, ['sluice', 'timeout']);
  }

  private noteUpstreamEnd(how: 'closed' | 'error', reason: string): void {
    const hasGivenUp = this.departure.end === null && this.supervisor.stalls.upstreamEnded();
    this.departure.note(['upstream', hasGivenUp ? 'gave-up' : how], reason);
  }
}

/** An observer of a session. */
export interface SessionObserver {
  /** The client has gone, and a statement runs to its end on the server. */
  parted(session: Session): void;
  /** Both connections are closed. Is called once. */
  ended(session: Session): void;
}
