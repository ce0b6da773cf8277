import type { Logger } from 'pino';
import type { EndLabel, SessionTotals } from '../../telemetry/metrics.js';
import type { SessionView } from '../../telemetry/status.js';
import { Command } from '../../protocol/commands.js';
import { encodePacket } from '../../protocol/framing.js';
import { encodeErr, type ServerError } from '../../protocol/packets.js';
import type { Conversation } from '../../conversation/conversation.js';
import type { Arrived } from '../connection/arrival.js';
import { Containment, UNEXPECTED } from '../containment.js';
import { ConnectionPhase } from './connectionPhase.js';
import { ConversationEvents, type HeardSession } from './conversationEvents.js';
import { conversationFor } from './conversationFor.js';
import { Deadline } from '../connection/deadline.js';
import { Departure, type DepartingSession } from './departure.js';
import type { SessionEncryption } from '../tls/encryption.js';
import { beginFrames, type Diverted } from '../flow/framedFlow.js';
import type { LastPackets } from '../flow/lastPackets.js';
import { Connections, type ConnectionsObserver } from '../connection/connections.js';
import { upstreamUnavailable } from '../connection/refusal.js';
import { RequestFlow, type RequestDecisions } from '../flow/requestFlow.js';
import { ResponseFlow, type ResponseDecisions } from '../flow/responseFlow.js';
import { SessionControls } from './sessionControls.js';
import { logEnd, outcomeOf } from '../connection/sessionEnd.js';
import type { Shared } from '../shared.js';
import { Supervisor } from './supervisor.js';
import type { UnreadSession } from '../unreadClients.js';

/** One client's connection with its connection to the upstream server, from the first byte to the last. */
export class Session extends Containment implements
  ConnectionsObserver, RequestDecisions, ResponseDecisions, DepartingSession, HeardSession, UnreadSession {
  readonly conversation: Conversation;
  readonly connections: Connections;
  readonly requests: RequestFlow;
  readonly responses: ResponseFlow;
  readonly connectionPhase: ConnectionPhase;
  readonly supervisor: Supervisor;
  readonly deadline = new Deadline((failure) => this.contain(() => this.onLate(failure)));
  readonly controls: SessionControls;
  readonly departure: Departure;
  private isToEnd = false;

  constructor(
    private readonly arrived: Arrived,
    readonly shared: Shared,
    readonly log: Logger,
    private readonly observer: SessionObserver,
  ) {
    super();
    this.conversation = conversationFor(shared, new ConversationEvents(this), now);
    this.connections = new Connections(arrived, shared, this);
    const { client, upstream } = this.connections;
    this.departure = new Departure(this, this, () => observer.parted(this));
    this.controls = new SessionControls(this, this);
    this.supervisor = new Supervisor(shared, this.conversation, this.controls, arrived.clientAddress.host);
    this.requests = new RequestFlow(client, upstream, this.conversation, this, this.supervisor);
    this.responses = new ResponseFlow(
      upstream, client, this.connections.clientQueue, this.conversation, this, this.supervisor,
    );
    this.connectionPhase = new ConnectionPhase(this, this, log);
    this.deadline.set(`${this.connections.upstreamName} did not greet`, shared.config.connections.handshakeTimeoutMs);
    this.contain(() => this.connectionPhase.begin());
    this.contain(() => this.connections.replayClient(arrived.early));
  }

  get id(): number {
    return this.arrived.id;
  }

  get encryption(): SessionEncryption {
    return this.arrived.encryption;
  }

  /** Both connections are closed, or about to be. */
  get isOver(): boolean {
    return this.departure.end !== null && this.connections.isBroken;
  }

  threw(error: unknown): void {
    this.log.error({ session: this.id, client: this.connections.clientAddress, err: error }, UNEXPECTED);
    this.abort('an error that nobody expected', undefined, ['sluice', 'error']);
  }

  /** Ends both connections; the client still gets what was sent to it, and `last`. */
  abort(reason: string, last?: LastPackets, label: EndLabel = ['sluice', 'limit']): void {
    this.departure.note(label, reason);
    const lastBytes = last === undefined ? null : this.responses.wrapLast(last);
    this.closeFlows();
    this.connections.dismiss(lastBytes);
  }

  /** Ends both connections at once. */
  destroy(reason: string, label: EndLabel): void {
    this.departure.note(label, reason);
    this.closeFlows();
    this.connections.destroy();
  }

  warn(message: string): void {
    this.log.warn({ session: this.id, client: this.connections.clientAddress }, message);
  }

  /** Ends the session as soon as nothing would be lost with it: between commands, and outside a transaction. */
  endWhenIdle(): void {
    this.isToEnd = true;
    this.sayGoodbye();
  }

  /** Takes leave of both ends, where the session is to end and nothing is under way. */
  sayGoodbye(): void {
    const { conversation, requests, responses } = this;
    if (!this.isToEnd || this.departure.end !== null) return;
    if (!conversation.isIdle || !requests.isEmpty || !responses.isEmpty) return;
    this.departure.note(['sluice', 'drained'], 'Sluice is about to stop');
    const quit = requests.wrapCommand(encodePacket(0, Buffer.from([Command.QUIT])));
    this.closeFlows();
    this.connections.takeLeave(quit);
  }

  get unreadMark(): string | null {
    const { departure, connections } = this;
    return departure.hasParted ? null : connections.unreadMark;
  }

  lookForClient(): void {
    this.departure.lookForClient();
  }

  /** How the session stands, for whoever looks after the proxy. */
  view(): SessionView {
    return this.controls.view(this.arrived.startedAtMs);
  }

  get totals(): SessionTotals {
    return { ...this.connections.writtenBytes, stallMs: this.responses.totalStallMs };
  }

  // What the flow of responses asks for.

  refused(error: ServerError): void {
    const { code, message } = error;
    // The client knows what to do about the server's own number: pools wait for a place where it is 1040.
    const reason = `${this.connections.upstreamName} refused the connection: ${message} (error ${code})`;
    this.refuse(reason, encodeErr(0, error));
  }

  compressed(): void {
    const { compression } = this.conversation.dialect;
    if (compression !== null) beginFrames(compression, this.requests, this.responses);
    this.sessionBegun();
  }

  sessionBegun(): void {
    const packet = this.conversation.beginSetUp();
    if (packet !== null) this.requests.command(packet);
  }

  caughtUp(): void {
    this.supervisor.progressed();
    this.requests.unblock(); // a response may be what the next command waits for
    this.sayGoodbye();
  }

  stalled(isStalled: boolean): void {
    if (!isStalled) this.connections.upstreamBuffer.taken();
    this.supervisor.stalled(isStalled);
    if (!isStalled) this.sayGoodbye();
  }

  // What the flow of requests asks for.

  left(): void {
    this.departure.left();
  }

  userChangeBegun(begun: Diverted): void {
    this.connectionPhase.changeUser(begun);
  }

  // What happens on the two connections.

  get isInRequest(): boolean {
    return !this.conversation.client.isBetweenPackets;
  }

  clientRead(byteCount: number): void {
    const { requests, conversation } = this;
    const { clientBuffer } = this.connections;
    if (conversation.commands.length === 0) this.responses.answersTaken();
    clientBuffer.deliver(byteCount, requests);
    const isComplete = requests.isEmpty && conversation.client.isBetweenPackets && !conversation.isUploading;
    clientBuffer.adapt(byteCount, requests, isComplete, Infinity);
  }

  upstreamRead(byteCount: number): void {
    const { responses, conversation } = this;
    const { upstreamBuffer } = this.connections;
    upstreamBuffer.deliver(byteCount, responses);
    this.caughtUp();
    const isComplete = conversation.phase === 'commands' && conversation.commands.length === 0;
    upstreamBuffer.adapt(byteCount, responses, isComplete, responses.readBytes);
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
    this.responses.flushRest();
    this.connections.relayUpstreamReset();
  }

  closed(): void {
    this.closeFlows();
    const end = this.departure.noteLeaving();
    this.contain(() => this.supervisor.close(outcomeOf(end)));
    this.shared.metrics.sessionEnded(end.label, this.totals);
    const durationMs = now() - this.arrived.startedAtMs;
    logEnd(this.log, end, { session: this.id, client: this.connections.clientAddress, durationMs });
    this.observer.ended(this);
  }

  private onLate(failure: string): void {
    if (this.conversation.phase === 'greeting') this.refuse(failure);
    else this.destroy(failure, ['sluice', 'timeout']);
  }

  /** Ends a session that has not begun, with an error that takes the place of the greeting. */
  refuse(message: string, error = upstreamUnavailable(message)): void {
    this.departure.note(['upstream', 'unavailable'], message);
    this.warn(message);
    this.closeFlows();
    this.connections.refuse(error);
  }

  closeFlows(): void {
    this.deadline.clear();
    this.departure.close();
    this.connectionPhase.close();
    this.requests.close();
    this.responses.close();
  }

  private noteUpstreamEnd(how: 'closed' | 'error', reason: string): void {
    const hasGivenUp = this.departure.end === null && this.supervisor.upstreamEnded();
    this.departure.note(['upstream', hasGivenUp ? 'gave-up' : how], reason);
  }
}

const now = performance.now.bind(performance);

/** Is told how a session goes. */
export interface SessionObserver {
  /** Its client has gone, and a statement is to run to its end on the server. */
  parted(session: Session): void;
  /** Both connections are closed. Is called once. */
  ended(session: Session): void;
}
